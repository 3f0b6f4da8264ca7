"""The rows of two tables in their order, a column at a time, for what is judged in chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.types as types

from nephoscope.adapters.files.columns import Opened, as_kind, indices, kind_of, numbers, validity
from nephoscope.adapters.files.formats import Format
from nephoscope.adapters.files.limits import LAPTOP, ReadLimits
from nephoscope.adapters.files.parquet import open_parquet
from nephoscope.adapters.files.streams import Unpacked
from nephoscope.adapters.files.tables import checked_content
from nephoscope.adapters.files.text import read_text
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.choice import Choice
from nephoscope.drift.chunks import Cut, by_period
from nephoscope.drift.nannyml_preset import nannyml_choice
from nephoscope.drift.pair import NotComputable, Pair
from nephoscope.drift.profile import Floats, Kind
from nephoscope.errors import BadUsage


class Rows:
    """A table's columns as numbers in the rows' order, NaN where a value is missing, words by their place in a list."""

    def __init__(self, file: pa.NativeFile, name: str, kinds: Mapping[str, Kind], limits: ReadLimits = LAPTOP) -> None:
        content = checked_content(file, name, None, limits)
        if content.format is Format.PROFILE:
            raise BadUsage(f"'{name}' is a Profile; chunks need the rows.", do="give the file it was made from")
        self._kinds = kinds
        self._table = _loaded(file, name, limits, content.format, content.compression)
        self.rows = self._table.rows

    def column(self, name: str, places: dict[str, int]) -> Floats:
        """
        One column.

        Args:
            name: The column's name.
            places: The place of each word, to which new words are added.
        """
        kind = self.kind(name)
        pieces = [as_kind(array, kind, name) for array in self._table.pieces(name)]
        of_words = kind in (Kind.CATEGORICAL, Kind.TEXT)
        return np.concatenate([_placed(array, places) if of_words else _numbered(array) for array in pieces])

    def kind(self, name: str) -> Kind:
        """How a column is looked at."""
        return self._kinds.get(name) or kind_of(self._table.fields[name].type)

    def cut(self, cut: Callable[[int], Cut], time: str | None, period: str | None) -> Cut:
        """
        The chunks of the table.

        Args:
            cut: From the number of rows.
            time: The time column that the rows are ordered by first; as they stand when None.
            period: How long a chunk is, in place of `cut`.
        """
        if time is None:
            return cut(self.rows)
        if time not in self._table.fields or self.kind(time) is not Kind.TIME:
            raise BadUsage(f"'{self._table.name}' has no time column '{time}'.", do="name one with --time")
        times = self.column(time, {})
        return by_period(times, period) if period else replace(cut(self.rows), order=np.argsort(times, kind="stable"))


def _loaded(file: pa.NativeFile, name: str, limits: ReadLimits, written: Format, compression: str | None) -> Whole:
    if written is Format.PARQUET:
        return Whole(name, open_parquet(file, name, limits))
    return read_text(Unpacked(file, compression, name, limits), written, None, partial(_all_rows, name))


def _all_rows(name: str, opened: Opened) -> Whole:
    whole = Whole(name, opened)
    whole.load()
    return whole


def _numbered(array: pa.Array) -> Floats:
    if not array.null_count:
        return numbers(array)
    plain = array.dictionary_decode() if types.is_dictionary(array.type) else array
    without_nulls = [None, *plain.buffers()[1:]]  # what lies in their places is overwritten
    found = np.array(numbers(pa.Array.from_buffers(plain.type, len(plain), without_nulls, offset=plain.offset)))
    found[~validity(plain)] = np.nan
    return found


def _placed(array: pa.Array, places: dict[str, int]) -> Floats:
    if types.is_boolean(array.type):
        array = array.cast(pa.string())
    encoded = array if types.is_dictionary(array.type) else array.dictionary_encode()
    numbered = [places.setdefault(str(word), len(places)) for word in encoded.dictionary.to_pylist()]
    found = np.full(len(array), np.nan)
    held = validity(encoded.indices)
    found[held] = np.array(numbered, dtype=np.float64)[indices(encoded)[held]] if numbered else np.nan
    return found


def open_chunks(
    stack: ExitStack,
    paths: tuple[Path, Path],
    kinds: Mapping[str, Kind],
    cut: Callable[[int], Cut],
    time: str | None,
    period: str | None,
    limits: Mapping[str, float],
) -> ChunkedChoices:
    """Open two files for the preset `nannyml`; `stack` closes them."""
    tables = [Rows(stack.enter_context(pa.OSFile(str(path))), path.name, kinds) for path in paths]
    return ChunkedChoices(tables, [table.cut(cut, time, period) for table in tables], limits)


class ChunkedChoices:
    """The preset `nannyml` over two open tables."""

    def __init__(self, tables: Sequence[Rows], cuts: Sequence[Cut], limits: Mapping[str, float]) -> None:
        self._tables = tables
        self._cuts = (cuts[0], cuts[1])
        self._limits = limits

    def __call__(self, of: Pair, method: str | None) -> Choice:
        """Judge one column."""
        if of.kind in (Kind.TIME, Kind.OPAQUE):
            raise NotComputable(f"'{of.name}' is {of.kind}: it is not compared.")
        places: dict[str, int] = {}
        baseline, window = (table.column(of.name, places) for table in self._tables)
        return nannyml_choice(
            baseline,
            window,
            self._cuts,
            words=of.kind is not Kind.NUMERIC,
            method=method,
            limit=self._limits.get(of.name, self._limits.get("")),
        )
