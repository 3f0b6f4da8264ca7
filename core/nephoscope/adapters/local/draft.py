"""A State to try things on: it reads what is there, and keeps to itself what is written."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Literal

from nephoscope.adapters.local.state import SqliteState
from nephoscope.ports import Lost, State, Version


class DraftState:
    """Another State with changes that vanish with this object."""

    def __init__(self, real: State) -> None:
        self._real = real
        self._draft = SqliteState(Path(":memory:"))

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        return Lost.EXISTS if self._real.get(key) is not None else self._draft.create(key, body)

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        return self._draft.get(key) or self._real.get(key)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        if self._draft.get(key) is not None:
            return self._draft.replace(key, version, body)
        found = self._real.get(key)
        if found is None or found[1] != version:
            return Lost.CONFLICT
        written = self._draft.create(key, body)
        return Lost.CONFLICT if written is Lost.EXISTS else written

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        both = merge(self._real.list(prefix, after=after), self._draft.list(prefix, after=after))
        return (key for key, _ in groupby(both))
