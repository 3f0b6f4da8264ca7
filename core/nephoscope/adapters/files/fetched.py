"""Tables in a bucket: each is copied into a scratch file of a random name, profiled and forgotten."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

from nephoscope.adapters.files.limits import FUNCTION, ReadLimits
from nephoscope.drift.profile import Profile
from nephoscope.errors import Unreadable
from nephoscope.events import ObjectRef
from nephoscope.ports import Objects


class Reader(Protocol):
    """What profiles a table that lies in a file."""

    def profile(
        self, table: ObjectRef, *, like: Profile | None, expected: str | None, key: tuple[str, ...], file: Path
    ) -> Profile:
        """Profile it."""
        ...


class FetchedTables:
    """Tables of a cloud's objects; a key never becomes a local path."""

    def __init__(self, objects: Objects, reader: Reader, *, limits: ReadLimits = FUNCTION) -> None:
        self._objects = objects
        self._reader = reader
        self._limits = limits

    def profile(
        self,
        table: ObjectRef,
        *,
        like: Profile | None = None,
        expected: str | None = None,
        key: tuple[str, ...] = (),
    ) -> Profile:
        """
        Profile an object, over the bins of `like` where one is given.

        Raises:
            Unreadable: It is there and is no table that can be profiled.
            BadPayload: It is not there any more in the version that the Event named.
            Transient: The store does not answer.
        """
        with tempfile.TemporaryDirectory(prefix="nephoscope-") as scratch:
            file = Path(scratch) / "table"
            size = self._objects.fetch(table, file, most_bytes=self._limits.file_bytes)
            if not file.exists():
                raise Unreadable(
                    f"'{table.key}' has {size:,} bytes, at most {self._limits.file_bytes:,} are read.",
                    do="split it, or read it with Spark",
                )
            return self._reader.profile(table, like=like, expected=expected, key=key, file=file)
