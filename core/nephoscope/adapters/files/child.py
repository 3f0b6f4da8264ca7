"""The child process of `IsolatedTables`: one request a line, one reply a line."""

from __future__ import annotations

import resource
import sys

import msgspec

from nephoscope.adapters.files.isolated import Caps, Reply, Request
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift import profile as profiles
from nephoscope.errors import BadPayload, Unreadable


def main(caps: Caps) -> None:
    """Answer requests until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (caps.memory_bytes, caps.memory_bytes))
    tables = FileTables(
        bins=caps.bins,
        limits=caps.limits,
        salt=caps.salt,
        kinds=caps.kinds,
    )
    for line in sys.stdin.buffer:
        reply = answer(tables, msgspec.json.decode(line, type=Request))
        sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")
        sys.stdout.buffer.flush()


def answer(tables: FileTables, request: Request) -> Reply:
    """Profile one table."""
    like = None if bytes(request.like) == b"null" else profiles.from_json(bytes(request.like))
    try:
        profile = tables.profile(request.table, like=like, expected=request.expected, key=request.key)
        return Reply(profile=msgspec.Raw(profiles.to_json(profile)))
    except BadPayload as error:
        return Reply(error="BadPayload", what=error.what, do=error.do)
    except Unreadable as error:
        return Reply(error="Unreadable", what=error.what, do=error.do, why=error.why)


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Caps))
