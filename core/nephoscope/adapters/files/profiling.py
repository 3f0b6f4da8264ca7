"""
From the columns of an open table to its Profile.

A window is one pass: every column is counted over its Baseline's bins. A Baseline takes two where it must: one to
choose the bins, one to count. Columns that are small are decoded once and held between the passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa

from nephoscope.adapters.files.abreast import abreast
from nephoscope.adapters.files.columns import Group, Opened, check_names
from nephoscope.adapters.files.formats import AGAIN, first_line
from nephoscope.adapters.files.keys import duplicate_rows
from nephoscope.adapters.files.readings import Making, reading
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.profile import Column, Profile, Source
from nephoscope.errors import Unreadable

HELD_BYTES = 32 * 1024 * 1024


def profile_table(table: Opened, source: Source, *, name: str, how: Making) -> Profile:
    """
    Profile an open table.

    Args:
        table: What to read.
        source: Where it came from, for the lineage.
        name: What people know it by.
        how: How it is made.

    Raises:
        Unreadable: Reading broke off, or there was not one row.
    """
    check_names(table, name)
    columns: list[Column] = []
    rows = 0
    try:
        for found, rows in abreast(partial(_read, how=how), table.groups, how.threads):
            _check_rows(table, name, rows)
            columns += found
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"'{name}' broke off while it was read: {first_line(error)}.", do=AGAIN) from error
    if not rows:
        raise Unreadable(f"'{name}' has 0 rows.", do=AGAIN, why="NO_DATA")
    key = how.key or (how.like.key if how.like else ())
    return Profile(
        rows=rows,
        columns=tuple(columns),
        sources=(replace(source, rows=rows),),
        key=key,
        duplicates=duplicate_rows(Whole(name, replace(table, rows=rows)), key) if key else None,
    )


def _check_rows(table: Opened, name: str, rows: int) -> None:
    if table.rows is not None and rows != table.rows:
        raise Unreadable(f"'{name}' says that it has {table.rows:,} rows, a column has {rows:,}.", do=AGAIN)


def _read(group: Group, how: Making) -> tuple[list[Column], int]:
    group = group if how.like else Held(group)
    readings = {field.name: reading(field, how) for field in group.fields}
    waiting = readings
    rows = dict.fromkeys(readings, 0)
    while waiting:
        rows = dict.fromkeys(readings, 0)
        for name, array in group.read():
            rows[name] += len(array)
            if name in waiting:
                waiting[name].add(array)
        waiting = {name: column for name, column in waiting.items() if column.wants_another()}
    return [column.column() for column in readings.values()], max(rows.values(), default=0)


class Held:
    """A group of columns whose pieces are kept in memory after the first pass, where they are small."""

    def __init__(self, group: Group) -> None:
        self.fields = group.fields
        self._group = group
        self._pieces: list[tuple[str, pa.Array]] | None = None

    def read(self) -> Iterator[tuple[str, pa.Array]]:
        """Yield the pieces, out of memory where they are there."""
        if self._pieces is not None:
            yield from self._pieces
            return
        pieces: list[tuple[str, pa.Array]] | None = []
        size = 0
        for name, array in self._group.read():
            size += array.nbytes
            if size > HELD_BYTES:
                pieces = None
            if pieces is not None:
                pieces.append((name, array))
            yield name, array
        self._pieces = pieces
