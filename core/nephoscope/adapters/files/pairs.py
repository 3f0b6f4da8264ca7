"""
Two tables side by side, column by column: exactly up to 100,000 rows a side, beyond that over the baseline's bins.

A small column is taken whole, with a bin for each distinct value of both sides, so that every statistic is exact. One
column a core is in memory at a time. A large one whose verdict hangs on what the bins do not tell is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from nephoscope.adapters.files.abreast import threads_of_this_machine
from nephoscope.adapters.files.beside import shared
from nephoscope.adapters.files.columns import Opened, WordCounts, as_kind, kind_of, numbers
from nephoscope.adapters.files.formats import AGAIN, Format, first_line
from nephoscope.adapters.files.keys import duplicate_rows
from nephoscope.adapters.files.limits import LAPTOP, ReadLimits
from nephoscope.adapters.files.parquet import open_parquet
from nephoscope.adapters.files.profiling import profile_table
from nephoscope.adapters.files.readings import Making
from nephoscope.adapters.files.streams import Unpacked
from nephoscope.adapters.files.tables import checked_content, profile_file
from nephoscope.adapters.files.text import read_text
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.comparison import Sides
from nephoscope.drift.gap import atoms_of
from nephoscope.drift.judgement import LookAgain
from nephoscope.drift.pair import Pair, Side
from nephoscope.drift.profile import Categories, Column, Floats, Kind, Numbers, Profile, Source
from nephoscope.drift.splitting import MOST, chosen_values, doubtful_bins, held, split
from nephoscope.drift.tally import Vocabulary
from nephoscope.errors import Unreadable

EXACT_ROWS = 100_000
BINS = 2_048

One = TypeVar("One")
Repeated: TypeAlias = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class TablePair:
    """Two tables and the names of their columns, the baseline's first, then what is new."""

    rows: tuple[int, int]
    names: Sequence[str]
    sides: Callable[[str], Sides]
    workers: int = 1  # how many columns are worth looking at at once
    again: LookAgain | None = None  # where both are files of many rows
    key: tuple[str, ...] = ()  # columns that tell rows apart
    duplicates: Repeated = (None, None)  # rows of each that repeat it

    def each(self, look: Callable[[Sides], One]) -> Iterator[One]:
        """Look at each column, several at once where that is worth it."""
        return shared(lambda name: look(self.sides(name)), self.names, self.workers)


def open_pair(
    stack: ExitStack,
    baseline: Path,
    window: Path,
    kinds: Mapping[str, Kind],
    limits: ReadLimits = LAPTOP,
    key: tuple[str, ...] = (),
) -> TablePair:
    """
    Open two files or Profiles; `stack` closes them. Rows that repeat `key`, or a Profile's own key, are counted.

    Raises:
        Unreadable: One of them is no table.
    """
    sources = [_Source(stack.enter_context(pa.OSFile(str(path))), path, kinds, limits) for path in (baseline, window)]
    formats = [source.format for source in sources]
    if Format.PROFILE not in formats:
        before = sources[0].whole(None)
        after = sources[1].whole(before) if before else None
        if before and after:
            repeated = (duplicate_rows(before, key), duplicate_rows(after, key)) if key else (None, None)
            return _exact(before, after, kinds, key, repeated)
    if formats == [Format.PARQUET, Format.PARQUET]:
        return _column_by_column(sources[0], sources[1], key)
    first, second = sources if formats[0] is Format.PROFILE or formats[1] is not Format.PROFILE else reversed(sources)
    bins = first.profile(None, key)
    other = second.profile(bins, key)
    profiles = (bins, other) if first is sources[0] else (other, bins)
    again = None if Format.PROFILE in formats else partial(_again, sources)
    key = key or profiles[0].key
    repeated = (_repeated(profiles[0], key), _repeated(profiles[1], key))
    return _profiled(*profiles, again, key, repeated)


def _repeated(profile: Profile, key: tuple[str, ...]) -> int | None:
    return profile.duplicates if profile.key == key else None


def _again(sources: Sequence[_Source], of: Pair) -> Pair | None:
    """Read the values that a column's verdict hangs on; None where it has none, or more than are held."""
    if of.kind is not Kind.NUMERIC:
        return None
    bins = doubtful_bins(of)
    if held(of, bins) > MOST:
        return None
    wanted = partial(chosen_values, edges=of.numbers[0].edges, bins=bins)
    before, after = (source.values(of.name, wanted) for source in sources)
    return split(of, bins, (before, after))


class _Source:
    """One of the two files."""

    def __init__(self, file: pa.NativeFile, path: Path, kinds: Mapping[str, Kind], limits: ReadLimits) -> None:
        self._file, self._path, self._kinds, self._limits = file, path, kinds, limits
        self._content = checked_content(file, path.name, None, limits)
        self.format = self._content.format

    @cached_property
    def parquet(self) -> Whole:
        """The Parquet file, open."""
        return Whole(self._path.name, open_parquet(self._file, self._path.name, self._limits))

    def column(self, name: str, like: Profile | None) -> Column | None:
        """A column of a Parquet file, over the bins of `like`; None where there is none of that name."""
        table = self.parquet.only(name)
        how = Making(like=like, bins=BINS, kinds=self._kinds)
        return profile_table(table, Source(""), name=self._path.name, how=how).columns[0] if table.groups else None

    def profile(self, like: Profile | None, key: tuple[str, ...]) -> Profile:
        """The file as a Profile."""
        self._file.seek(0)
        source = Source(url=self._path.resolve().as_uri(), size=self._file.size())
        how = Making(like=like, bins=BINS, kinds=self._kinds, key=key, threads=threads_of_this_machine())
        return profile_file(self._file, source, name=self._path.name, how=how, limits=self._limits)

    def values(self, name: str, wanted: Callable[[Floats], Floats]) -> Floats:
        """The values of a numeric column that are wanted."""
        taking = partial(_values, name=name, wanted=wanted)
        try:
            if self.format is Format.PARQUET:
                return taking(self.parquet.only(name))
            unpacked = Unpacked(self._file, self._content.compression, self._path.name, self._limits)
            return read_text(unpacked, self.format, None, taking)
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            what = f"'{self._path.name}' broke off while it was read again: {first_line(error)}."
            raise Unreadable(what, do=AGAIN) from error

    def whole(self, like: Whole | None) -> Whole | None:
        """The file's columns as they are; None where there are too many rows."""
        if self.format is Format.PARQUET:
            return self.parquet if self.parquet.rows <= EXACT_ROWS else None
        unpacked = Unpacked(self._file, self._content.compression, self._path.name, self._limits)
        outline = like.outline(self._kinds) if like else None
        return read_text(unpacked, self.format, outline, partial(_few_rows, self._path.name))


def _few_rows(name: str, opened: Opened) -> Whole | None:
    whole = Whole(name, opened)
    return whole if whole.load(EXACT_ROWS) else None


def _values(opened: Opened, name: str, wanted: Callable[[Floats], Floats]) -> Floats:
    group = next(group for group in opened.groups if name in (one.name for one in group.fields))
    pieces = (numbers(as_kind(array, Kind.NUMERIC, name)) for one, array in group.read() if one == name)
    return np.concatenate([wanted(values) for values in pieces])


def _column_by_column(baseline: _Source, window: _Source, key: tuple[str, ...]) -> TablePair:
    before, after = baseline.parquet, window.parquet

    def sides(name: str) -> Sides:
        was = baseline.column(name, None)
        now = window.column(name, Profile(before.rows, (was,) if was else ()))
        return name, _side(was, before.rows, "baseline"), _side(now, after.rows, "window")

    repeated = (duplicate_rows(before, key), duplicate_rows(after, key)) if key else (None, None)
    return TablePair(
        (before.rows, after.rows),
        list({**before.fields, **after.fields}),
        sides,
        workers=threads_of_this_machine(),
        again=partial(_again, (baseline, window)),
        key=key,
        duplicates=repeated,
    )


def _profiled(
    baseline: Profile, window: Profile, again: LookAgain | None, key: tuple[str, ...], repeated: Repeated
) -> TablePair:
    before, after = ({column.name: column for column in profile.columns} for profile in (baseline, window))

    def sides(name: str) -> Sides:
        return name, _side(before.get(name), baseline.rows, "baseline"), _side(after.get(name), window.rows, "window")

    names = list({**before, **after})
    return TablePair((baseline.rows, window.rows), names, sides, again=again, key=key, duplicates=repeated)


def _exact(
    baseline: Whole, window: Whole, kinds: Mapping[str, Kind], key: tuple[str, ...], repeated: Repeated
) -> TablePair:
    def sides(name: str) -> Sides:
        found = [
            _Taken.of(whole, name, kinds.get(name)) if name in whole.fields else None for whole in (baseline, window)
        ]
        before, after = _with_atoms(found[0], found[1])
        return name, _side(before, baseline.rows, "baseline"), _side(after, window.rows, "window")

    names = list({**baseline.fields, **window.fields})
    workers = threads_of_this_machine()
    return TablePair((baseline.rows, window.rows), names, sides, workers, key=key, duplicates=repeated)


def _side(column: Column | None, rows: int, table: str) -> Side | None:
    return Side(column, rows, table) if column is not None else None


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
    values = [one.values if one and one.values is not None else np.empty(0) for one in (before, after)]
    atoms = atoms_of(*(side[np.isfinite(side)] for side in values))
    return _numbered(before, atoms[0]), _numbered(after, atoms[1])


def _numbered(one: _Taken | None, atoms: Numbers) -> Column | None:
    if one is None or one.values is None:
        return one.column if one else None
    nan, plus, minus = (int(np.count_nonzero(of(one.values))) for of in (np.isnan, np.isposinf, np.isneginf))
    return replace(one.column, numbers=replace(atoms, nan=nan, plus_inf=plus, minus_inf=minus))
