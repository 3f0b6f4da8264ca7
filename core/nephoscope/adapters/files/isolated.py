"""
Tables that are read in a child process, so that a hostile file takes the child down and nothing else.

The child caps its own memory before it reads; the parent caps the time. A child that dies, by a signal or by a library
that aborts, is an answer: the file is unreadable. It is started again for the next one. One that does not even start
says nothing of a file. It is given no more of the environment than an interpreter needs: no credentials.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import msgspec

from nephoscope.adapters.files.limits import LAPTOP, ReadLimits
from nephoscope.drift import profile as profiles
from nephoscope.drift.profile import Kind, Profile
from nephoscope.errors import BadPayload, Transient, Unreadable
from nephoscope.events import ObjectRef

MIB = 1024 * 1024
READY = b"ready\n"
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")


class Caps(msgspec.Struct, frozen=True):
    """What a child may use, and how it reads."""

    memory_bytes: int = 4096 * MIB  # of address space, beyond what its libraries reserve and never touch
    seconds: float = 600.0  # for one table
    bins: int = 1_024
    salt: str = ""
    limits: ReadLimits = LAPTOP
    kinds: dict[str, Kind] = msgspec.field(default_factory=dict)


class Request(msgspec.Struct, frozen=True):
    """One table to be profiled."""

    table: ObjectRef
    like: msgspec.Raw
    expected: str | None
    key: tuple[str, ...] = ()
    file: str = ""  # where its content lies, if not where its name says


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Profile, or the error that came instead of one."""

    profile: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""  # the error's class
    what: str = ""
    do: str = ""
    why: str = ""


def _exchange(child: subprocess.Popen[bytes], request: bytes) -> bytes:
    """Send a line, wait for one; nothing comes from a child that died."""
    if child.stdin is None or child.stdout is None:
        return b""
    try:
        child.stdin.write(request + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        return b""
    return child.stdout.readline()


class IsolatedTables:
    """`FileTables` in a child process, which ends with it."""

    def __init__(self, caps: Caps | None = None) -> None:
        self._caps = caps or Caps()
        self._child: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._like: tuple[Profile | None, msgspec.Raw] = (None, msgspec.Raw(b"null"))
        self._end: Callable[[], object] = lambda: None
        self._starting, self._asking = threading.Lock(), threading.Lock()

    def profile(
        self,
        table: ObjectRef,
        *,
        like: Profile | None = None,
        expected: str | None = None,
        key: tuple[str, ...] = (),
        file: Path | None = None,
    ) -> Profile:
        """
        Profile a file, over the bins of `like` where one is given; `file` is where it lies, if not where its name says.

        Threads wait for one another: the child reads one table at a time, within its cap of memory.

        Raises:
            Unreadable: It is no table that can be profiled, or reading it took the child down.
            BadPayload: It is not there, or outside its folder.
            Transient: There is no child: it does not start.
        """
        with self._asking:
            child = self._running()
            request = Request(table, self._written(like), expected, key, str(file or ""))
            reply, late = self._ask(child, msgspec.json.encode(request))
            if reply is None:
                raise self._died(child, table, late=late)
        if reply.error == "BadPayload":
            raise BadPayload(reply.what, do=reply.do)
        if reply.error:
            raise Unreadable(reply.what, do=reply.do, why=reply.why)
        return profiles.from_json(bytes(reply.profile))

    def start(self) -> None:
        """Start the child, if there is none, without waiting for it: it imports its readers meanwhile."""
        with self._starting:
            self._start()

    def _start(self) -> None:
        if self._child is None or self._child.poll() is not None:
            self._ready = False
            self._child = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [sys.executable, "-m", "nephoscope.adapters.files.child", msgspec.json.encode(self._caps).decode()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
                | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            self._end = weakref.finalize(self, _ended, self._child)

    def _running(self) -> subprocess.Popen[bytes]:
        self.start()
        child = self._child
        if child is None or child.stdout is None or not (self._ready or child.stdout.readline() == READY):
            code = None if child is None else child.wait()
            self.close()
            raise Transient(f"The reader of tables does not start (exit code {code}).", do="look at what is deployed")
        self._ready = True
        return child

    def _written(self, like: Profile | None) -> msgspec.Raw:
        """A Baseline counts for many tables: it is written once."""
        if self._like[0] is not like:
            self._like = like, msgspec.Raw(profiles.to_json(like) if like else b"null")
        return self._like[1]

    def _ask(self, child: subprocess.Popen[bytes], request: bytes) -> tuple[Reply | None, bool]:
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        watch = threading.Timer(self._caps.seconds, end)
        watch.start()
        try:
            line = _exchange(child, request)
        finally:
            watch.cancel()
        return (msgspec.json.decode(line, type=Reply) if line.endswith(b"\n") else None), late.is_set()

    def _died(self, child: subprocess.Popen[bytes], table: ObjectRef, *, late: bool) -> Unreadable:
        code = child.wait()
        self.close()
        if late:
            how = f"took more than {self._caps.seconds:g} s to read"
        elif code < 0:
            how = f"took its reader down with {signal.Signals(-code).name}"
        else:
            how = f"took its reader down with exit code {code}"
        return Unreadable(f"'{table.key}' {how}.", do="look at the file: it is damaged or hostile")

    def close(self) -> None:
        """End the child."""
        self._end()
        self._child = None


def _ended(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.communicate()
