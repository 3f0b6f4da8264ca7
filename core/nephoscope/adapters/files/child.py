"""The child process of `IsolatedTables`: it says that it is ready; then one request a line, one reply a line."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import msgspec

from nephoscope.adapters.files.isolated import READY, Caps, Reply, Request
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift import profile as profiles
from nephoscope.drift.profile import Profile
from nephoscope.errors import BadPayload, Unreadable


def main(caps: Caps) -> None:
    """Answer requests until there are no more."""
    most = _reserved_bytes() + caps.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    tables = FileTables(
        bins=caps.bins,
        limits=caps.limits,
        salt=caps.salt,
        kinds=caps.kinds,
    )
    _say(READY)
    baseline = Baseline()
    for line in sys.stdin.buffer:
        reply = answer(tables, msgspec.json.decode(line, type=Request), baseline)
        _say(msgspec.json.encode(reply) + b"\n")


def _reserved_bytes() -> int:
    """How much address space this process has by now; 0 where the system does not tell."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[0]) * resource.getpagesize() if told.is_file() else 0


class Baseline:
    """What many tables are profiled like, read once."""

    def __init__(self) -> None:
        self._written = b"null"
        self._read: Profile | None = None

    def read(self, written: bytes) -> Profile | None:
        """The Profile that is written so."""
        if written != self._written:
            self._read = None if written == b"null" else profiles.from_json(written)
            self._written = written
        return self._read


def answer(tables: FileTables, request: Request, baseline: Baseline) -> Reply:
    """Profile one table."""
    try:
        profile = tables.profile(
            request.table,
            like=baseline.read(bytes(request.like)),
            expected=request.expected,
            key=request.key,
            file=Path(request.file) if request.file else None,
        )
        return Reply(profile=msgspec.Raw(profiles.to_json(profile)))
    except BadPayload as error:
        return Reply(error="BadPayload", what=error.what, do=error.do)
    except Unreadable as error:
        return Reply(error="Unreadable", what=error.what, do=error.do, why=error.why)


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Caps))
