"""State in this process's memory: for trying things, for tests, and as the reference that others are held against."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Iterator
from itertools import count
from typing import Literal

from nephoscope.ports import Lost, Version


class MemoryState:
    """Records in a dict that any number of threads may share; they are gone with the process."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[bytes, Version]] = {}
        self._keys: list[str] = []
        self._versions = count(1)
        self._lock = threading.Lock()

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        with self._lock:
            if key in self._records:
                return Lost.EXISTS
            insort(self._keys, key)
            return self._write(key, body)

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        return self._records.get(key)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        with self._lock:
            stands = self._records.get(key)
            return self._write(key, body) if stands is not None and stands[1] == version else Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        last = after
        while True:
            with self._lock:
                at = bisect_right(self._keys, last)
                while at < len(self._keys) and self._keys[at] < prefix:
                    at = bisect_right(self._keys, prefix) - (prefix in self._records)
                found = self._keys[at] if at < len(self._keys) else None
            if found is None or not found.startswith(prefix):
                return
            yield found
            last = found

    def _write(self, key: str, body: bytes) -> Version:
        version = Version(str(next(self._versions)))
        self._records[key] = (body, version)
        return version
