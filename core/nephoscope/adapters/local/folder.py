"""A watched folder: what a bucket's notifications are in a cloud."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nephoscope.events import ObjectRef, ObjectWritten, stable_id

_CHUNK = 1 << 20
_LOGGER = logging.getLogger("nephoscope")


@dataclass(slots=True)
class Folder:
    """
    The files of one folder as Events, each content of each file once.

    A file counts as landed when its size and its time were the same in two looks, so that one that is still being
    written is left alone; names that begin with a dot or end in `.part` or `.tmp` never count. A name that is not UTF-8
    can be written into no Event: the log says once that it is left out. What was seen before a restart comes again, and
    the ledger knows it.
    """

    path: Path
    waiting: int = 0  # how many landed files the running look has not told yet
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    _told: dict[str, tuple[int, int]] = field(default_factory=dict)
    _left_out: set[str] = field(default_factory=set)

    def look(self) -> Iterator[ObjectWritten]:
        """The files that landed since the last look, the oldest first."""
        landed = []
        for file in self._files():
            key = file.relative_to(self.path).as_posix()
            try:
                facts = file.stat()
            except FileNotFoundError:
                continue
            stamp = (facts.st_size, facts.st_mtime_ns)
            if self._seen.get(key) == stamp and self._told.get(key) != stamp:
                landed.append((facts.st_mtime_ns, key, stamp))
            self._seen[key] = stamp
        self.waiting = len(landed)
        for modified_ns, key, stamp in sorted(landed):
            self.waiting -= 1
            event = self._event(key, modified_ns, stamp[0])
            if event is not None:
                yield event
            self._told[key] = stamp

    def _files(self) -> list[Path]:
        return [
            file
            for file in self.path.rglob("*")
            if file.is_file()
            and not file.name.startswith(".")
            and file.suffix not in (".part", ".tmp", ".draft")
            and self._has_name(file)
        ]

    def _has_name(self, file: Path) -> bool:
        name = file.relative_to(self.path).as_posix()
        try:
            name.encode()
        except UnicodeEncodeError:
            if name not in self._left_out:
                self._left_out.add(name)
                what = f"The name {name!a} in '{self.path}' is not UTF-8. To do: rename the file."
                _LOGGER.warning("file left out", extra={"facts": {"error": what}})
            return False
        return True

    def _event(self, key: str, modified_ns: int, size: int) -> ObjectWritten | None:
        try:
            version = content_version(self.path / key)
        except FileNotFoundError:
            return None
        written = ObjectRef("local", str(self.path), key, version, size)
        # A copy may keep the time of a wrong clock; nothing was written later than now.
        at = min(datetime.fromtimestamp(modified_ns / 1e9, UTC), datetime.now(UTC))
        return ObjectWritten(stable_id("local", written.bucket, key, version), at, written)


def content_version(path: Path) -> str:
    """A file's ETag: a hash of its content, 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
