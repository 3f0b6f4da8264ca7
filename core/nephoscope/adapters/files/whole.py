"""A table's columns as they are, one in memory at a time where the format allows it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyarrow as pa

from nephoscope.adapters.files.columns import Opened, check_names, kind_of
from nephoscope.adapters.files.formats import AGAIN, first_line
from nephoscope.drift.profile import Column, Kind, Profile
from nephoscope.errors import Unreadable


class Whole:
    """A table whose columns are handed over whole, one by one."""

    def __init__(self, name: str, opened: Opened) -> None:
        check_names(opened, name)
        self.name = name
        self.fields = {one.name: one for one in opened.fields}
        self.rows = opened.rows or 0
        self._groups = {one.name: group for group in opened.groups for one in group.fields}
        self._held: dict[str, list[pa.Array]] = {}

    def load(self, most: float = math.inf) -> bool:
        """Read a text file, whose columns come together; False where it has more rows than `most`."""
        first = next(iter(self.fields), "")
        try:
            for name, array in self._groups[first].read():
                self._held.setdefault(name, []).append(array)
                self.rows += len(array) if name == first else 0
                if self.rows > most:
                    return False
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise self._broken(error) from error
        if not self.rows:
            raise Unreadable(f"'{self.name}' has a header and 0 rows.", do=AGAIN, why="NO_DATA")
        return True

    def _broken(self, error: Exception) -> Unreadable:
        return Unreadable(f"'{self.name}' broke off while it was read: {first_line(error)}.", do=AGAIN)

    def pieces(self, name: str, *, kept: bool = False) -> list[pa.Array]:
        """
        One column, which is not kept unless it is wanted once more.

        Raises:
            Unreadable: Reading broke off, its words are not UTF-8, which Parquet does not look at, or its footer lies.
        """
        if name in self._held:
            return self._held[name] if kept else self._held.pop(name)
        try:
            found = [array for one, array in self._groups[name].read() if one == name]
            for array in found:
                array.validate(full=True)
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise self._broken(error) from error
        if (rows := sum(map(len, found))) != self.rows:
            what = f"'{self.name}' says that it has {self.rows:,} rows, its '{name}' has {rows:,}."
            raise Unreadable(what, do=AGAIN)
        return found

    def only(self, name: str) -> Opened:
        """The table with one of its columns, or with none if it has no such column."""
        return Opened((self._groups[name],) if name in self._groups else (), self.rows)

    def outline(self, kinds: Mapping[str, Kind]) -> Profile:
        """The columns' names and kinds alone."""
        return Profile(
            0, tuple(Column(n, str(f.type), kinds.get(n) or kind_of(f.type)) for n, f in self.fields.items())
        )
