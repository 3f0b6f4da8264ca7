"""
Two tables side by side, column by column: exactly up to 100,000 rows a side, beyond that over the baseline's bins.

A small column is taken whole, with a bin for each distinct value of both sides, so that every statistic is exact. One
column is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from nephoscope.adapters.files.columns import Opened, WordCounts, as_kind, kind_of, numbers
from nephoscope.adapters.files.formats import Format
from nephoscope.adapters.files.limits import LAPTOP, ReadLimits
from nephoscope.adapters.files.parquet import open_parquet
from nephoscope.adapters.files.readings import Making
from nephoscope.adapters.files.streams import Unpacked
from nephoscope.adapters.files.tables import checked_content, profile_file
from nephoscope.adapters.files.text import read_text
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.gap import atoms_of
from nephoscope.drift.pair import Side
from nephoscope.drift.profile import Categories, Column, Floats, Kind, Numbers, Profile, Source
from nephoscope.drift.tally import Vocabulary

EXACT_ROWS = 100_000
BINS = 8_192

Sides = tuple[str, Side | None, Side | None]


@dataclass(frozen=True, slots=True)
class TablePair:
    """Two tables, whose columns come one after another, the baseline's first, then what is new."""

    rows: tuple[int, int]
    sides: Iterator[Sides]


def open_pair(
    stack: ExitStack, baseline: Path, window: Path, kinds: Mapping[str, Kind], limits: ReadLimits = LAPTOP
) -> TablePair:
    """
    Open two files or Profiles; `stack` closes them.

    Raises:
        Unreadable: One of them is no table.
    """
    sources = [_Source(stack.enter_context(pa.OSFile(str(path))), path, kinds, limits) for path in (baseline, window)]
    formats = [source.format for source in sources]
    if Format.PROFILE not in formats:
        before = sources[0].whole(None)
        after = sources[1].whole(before) if before else None
        if before and after:
            return TablePair((before.rows, after.rows), _exact_sides(before, after, kinds))
    first, second = sources if formats[0] is Format.PROFILE or formats[1] is not Format.PROFILE else reversed(sources)
    bins = first.profile(None)
    other = second.profile(bins)
    profiles = (bins, other) if first is sources[0] else (other, bins)
    return TablePair((profiles[0].rows, profiles[1].rows), _profiled_sides(*profiles))


class _Source:
    """One of the two files."""

    def __init__(self, file: pa.NativeFile, path: Path, kinds: Mapping[str, Kind], limits: ReadLimits) -> None:
        self._file, self._path, self._kinds, self._limits = file, path, kinds, limits
        self._content = checked_content(file, path.name, None, limits)
        self.format = self._content.format

    def profile(self, like: Profile | None) -> Profile:
        """The file as a Profile."""
        self._file.seek(0)
        source = Source(url=self._path.resolve().as_uri(), size=self._file.size())
        how = Making(like=like, bins=BINS, kinds=self._kinds)
        return profile_file(self._file, source, name=self._path.name, how=how, limits=self._limits)

    def whole(self, like: Whole | None) -> Whole | None:
        """The file's columns as they are; None where there are too many rows."""
        if self.format is Format.PARQUET:
            opened = open_parquet(self._file, self._path.name, self._limits)
            return Whole(self._path.name, opened) if (opened.rows or 0) <= EXACT_ROWS else None
        unpacked = Unpacked(self._file, self._content.compression, self._path.name, self._limits)
        outline = like.outline(self._kinds) if like else None
        return read_text(unpacked, self.format, outline, partial(_few_rows, self._path.name))


def _few_rows(name: str, opened: Opened) -> Whole | None:
    whole = Whole(name, opened)
    return whole if whole.load(EXACT_ROWS) else None


def _profiled_sides(baseline: Profile, window: Profile) -> Iterator[Sides]:
    after = {column.name: Side(column, window.rows, "window") for column in window.columns}
    for column in baseline.columns:
        yield column.name, Side(column, baseline.rows, "baseline"), after.pop(column.name, None)
    for name, side in after.items():
        yield name, None, side


def _exact_sides(baseline: Whole, window: Whole, kinds: Mapping[str, Kind]) -> Iterator[Sides]:
    for name in [*baseline.fields, *(name for name in window.fields if name not in baseline.fields)]:
        found = [
            _Taken.of(whole, name, kinds.get(name)) if name in whole.fields else None for whole in (baseline, window)
        ]
        columns = _with_atoms(found[0], found[1])
        rows = (baseline.rows, window.rows)
        before, after = (
            Side(column, count, table) if column else None
            for column, count, table in zip(columns, rows, ("baseline", "window"), strict=True)
        )
        yield name, before, after


@dataclass(frozen=True, slots=True)
class _Taken:
    """A column without its distribution, and its values."""

    column: Column
    values: Floats | None = None  # of a numeric or time column, finite, infinite and NaN

    @classmethod
    def of(cls, whole: Whole, name: str, told: Kind | None) -> _Taken:
        stored = whole.fields[name].type
        kind = told or kind_of(stored)
        pieces = [as_kind(array, kind, name) for array in whole.pieces(name)]
        column = Column(name, str(stored), kind, nulls=sum(array.null_count for array in pieces))
        if kind in (Kind.NUMERIC, Kind.TIME):
            return cls(column, np.concatenate([numbers(array) for array in pieces]) if pieces else np.empty(0))
        return cls(_with_words(column, pieces, told) if kind is not Kind.OPAQUE else column)


def _with_words(column: Column, pieces: list[pa.Array], told: Kind | None) -> Column:
    vocabulary = Vocabulary()
    counts = WordCounts(vocabulary)
    for array in pieces:
        counts.add(array)
    counts.flush()
    kind = Kind.TEXT if told is None and vocabulary.is_text else column.kind
    return replace(column, kind=kind, categories=Categories(vocabulary.counts))


def _with_atoms(before: _Taken | None, after: _Taken | None) -> tuple[Column | None, Column | None]:
    sides = [one for one in (before, after) if one is not None and one.values is not None]
    finite = [one.values[np.isfinite(one.values)] for one in sides if one.values is not None]
    atoms = np.unique(np.concatenate(finite)) if finite else np.empty(0)
    return _numbered(before, atoms), _numbered(after, atoms)


def _numbered(one: _Taken | None, atoms: Floats) -> Column | None:
    if one is None or one.values is None:
        return one.column if one else None
    values = one.values
    found: Numbers = atoms_of(values[np.isfinite(values)], atoms)
    return replace(
        one.column,
        numbers=replace(
            found,
            nan=int(np.count_nonzero(np.isnan(values))),
            plus_inf=int(np.count_nonzero(values == np.inf)),
            minus_inf=int(np.count_nonzero(values == -np.inf)),
        ),
    )
