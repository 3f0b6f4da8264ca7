"""
From the columns of an open table to its Profile.

A window is one pass: every column is counted over its Baseline's bins. A Baseline takes two where it must: one to
choose the bins, one to count. Columns that are small are decoded once and held between the passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

import pyarrow as pa

from nephoscope.adapters.files.abreast import ahead
from nephoscope.adapters.files.columns import Group, Opened, check_names
from nephoscope.adapters.files.formats import AGAIN, first_line
from nephoscope.adapters.files.keys import duplicate_rows
from nephoscope.adapters.files.readings import Making, reading
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.profile import Column, Profile, Source
from nephoscope.errors import Unreadable

HELD_BYTES = 32 * 1024 * 1024
WORTH_A_THREAD = 500_000  # values that are decoded ahead


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
        pieces = _pieces(table.groups)
        pieces = ahead(pieces) if how.threads > 1 and _values(table) >= WORTH_A_THREAD else pieces
        for number, own in groupby(pieces, key=itemgetter(0)):
            found, rows = _read(table.groups[number], (piece for _, piece in own if piece), how)
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


def _values(table: Opened) -> float:
    """How many values a table has; infinite where nobody knows before it is read."""
    return math.inf if table.rows is None else table.rows * len(table.fields)


def _check_rows(table: Opened, name: str, rows: int) -> None:
    if table.rows is not None and rows != table.rows:
        raise Unreadable(f"'{name}' says that it has {table.rows:,} rows, a column has {rows:,}.", do=AGAIN)


def _pieces(groups: Sequence[Group]) -> Iterator[tuple[int, tuple[str, pa.Array] | None]]:
    """Each group's pieces under its number; None first, so that one without any is known of."""
    for number, group in enumerate(groups):
        yield number, None
        for piece in group.read():
            yield number, piece


def _read(group: Group, pieces: Iterable[tuple[str, pa.Array]], how: Making) -> tuple[list[Column], int]:
    readings = {field.name: reading(field, how) for field in group.fields}
    passes = Passes(group, pieces, most_bytes=0 if how.like else HELD_BYTES)
    waiting, rows = readings, dict.fromkeys(readings, 0)
    while waiting:
        rows = dict.fromkeys(readings, 0)
        for name, array in passes.read():
            rows[name] += len(array)
            if name in waiting:
                waiting[name].add(array)
        waiting = {name: column for name, column in waiting.items() if column.wants_another()}
    return [column.column() for column in readings.values()], max(rows.values(), default=0)


class Passes:
    """A group's pieces for more than one pass: kept in memory after the first one where they are small."""

    def __init__(self, group: Group, first: Iterable[tuple[str, pa.Array]], *, most_bytes: int) -> None:
        self._group = group
        self._first: Iterable[tuple[str, pa.Array]] | None = first
        self._most_bytes = most_bytes
        self._kept: list[tuple[str, pa.Array]] | None = None

    def read(self) -> Iterator[tuple[str, pa.Array]]:
        """Yield the pieces: as they come, out of memory, or decoded anew."""
        if self._kept is not None:
            yield from self._kept
            return
        if self._first is None:
            yield from self._group.read()
            return
        first, self._first = self._first, None
        kept: list[tuple[str, pa.Array]] = []
        size = 0
        for name, array in first:
            size += array.nbytes
            if size <= self._most_bytes:
                kept.append((name, array))
            else:
                kept.clear()
            yield name, array
        self._kept = kept if size <= self._most_bytes else None
