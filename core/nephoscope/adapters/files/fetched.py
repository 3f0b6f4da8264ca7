"""Tables in a bucket: each is copied into a scratch file of a random name, profiled and forgotten."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa

from nephoscope.adapters.files.limits import FUNCTION, ReadLimits
from nephoscope.adapters.files.readings import Making
from nephoscope.adapters.files.tables import profile_file
from nephoscope.drift.profile import Profile, Source
from nephoscope.errors import Unreadable
from nephoscope.events import ObjectRef
from nephoscope.ports import Objects


class FetchedTables:
    """Tables of a cloud's objects; a key never becomes a local path."""

    def __init__(self, objects: Objects, *, limits: ReadLimits = FUNCTION, bins: int = 1_024) -> None:
        self._objects = objects
        self._limits = limits
        self._bins = bins

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
            with pa.OSFile(str(file)) as opened:
                source = Source(url=table.url, version=table.version, size=size)
                how = Making(bins=self._bins, like=like, key=key)
                return profile_file(opened, source, name=table.key, how=how, expected=expected, limits=self._limits)
