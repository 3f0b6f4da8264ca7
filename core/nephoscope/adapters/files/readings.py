"""One column on its way from Arrow to its summary: what it needs to see, in as many passes as it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.types as types

from nephoscope.adapters.files.columns import WordCounts, as_kind, kind_of, numbers
from nephoscope.drift.edges import Sample, edges_of
from nephoscope.drift.profile import Column, Counts, Floats, Kind, Numbers, Profile
from nephoscope.drift.tally import NumberTally, Vocabulary, WordTally


class Reading(Protocol):
    """A column that is being read."""

    def add(self, array: pa.Array) -> None:
        """Look at the next piece of the column."""
        ...

    def wants_another(self) -> bool:
        """Say, at the end of a pass, whether one more is needed."""
        ...

    def column(self) -> Column:
        """What was found, after the last pass."""
        ...


@dataclass(frozen=True, slots=True)
class Making:
    """How a Profile is made."""

    like: Profile | None = None  # whose bins are counted over; of columns that it lacks nulls are counted
    bins: int = 1_024  # how many are made where there is no `like`
    salt: str = ""  # what the hashes of words are made with
    key: tuple[str, ...] = ()  # columns whose repeated values are counted; those of `like` where none are named
    threads: int = 1  # columns that are read at once
    kinds: Mapping[str, Kind] = field(default_factory=dict)  # of columns that are not looked at as their type suggests


def reading(column: pa.Field, how: Making) -> Reading:
    """Begin to read a column, over the bins of the Profile it is made like, where they fit."""
    like = how.like.column(column.name) if how.like else None
    # A text file's column without one value has no type; it is of whatever nature the others' values are.
    kind = how.kinds.get(column.name) or (like.kind if like and types.is_null(column.type) else kind_of(column.type))
    if kind in (Kind.NUMERIC, Kind.TIME):
        same = like if like and like.kind is kind and like.numbers else None
        return NumberReading(column, kind, same, bins=how.bins) if same or not how.like else NullsReading(column, kind)
    if kind in (Kind.CATEGORICAL, Kind.TEXT):
        same = like if like and like.categories else None
        if how.like and not same:
            return NullsReading(column, kind)
        return WordReading(column, how.kinds.get(column.name), same, salt=how.salt)
    return NullsReading(column, kind)


class NullsReading:
    """A nested or binary column, or one that the Profile it is made like has no bins for: its nulls are counted."""

    def __init__(self, field: pa.Field, kind: Kind) -> None:
        self._field = field
        self._kind = kind
        self._nulls = 0

    def add(self, array: pa.Array) -> None:
        """Count the nulls."""
        self._nulls += array.null_count

    def wants_another(self) -> bool:
        """One pass is enough."""
        return False

    def column(self) -> Column:
        """The column without a distribution."""
        return Column(self._field.name, str(self._field.type), self._kind, nulls=self._nulls)


class NumberReading:
    """A numeric or time column: sampled for its bins where no one gave them, then counted."""

    def __init__(self, field: pa.Field, kind: Kind, like: Column | None, *, bins: int) -> None:
        self._field = field
        self._kind = kind
        self._bins = bins
        self._nulls = 0
        self._sample = Sample()
        self._tally = _like(like.numbers) if like and like.numbers else None

    def add(self, array: pa.Array) -> None:
        """Sample or count."""
        values = numbers(as_kind(array, self._kind, self._field.name))
        if self._tally is None:
            self._sample.add(values)
        else:
            self._nulls += array.null_count
            self._tally.add(values)

    def wants_another(self) -> bool:
        """A second pass once the bins are chosen."""
        if self._tally is not None:
            return False
        edges = self._edges()
        self._tally = NumberTally(edges, masses=_masses(edges, self._sample.values))
        return True

    def _edges(self) -> Floats:
        if not len(self._sample.values):
            return np.empty(0)
        return edges_of(self._sample.values, self._bins, low=self._sample.low, high=self._sample.high)

    def column(self) -> Column:
        """The column with its bins."""
        numbers_seen = self._tally.result() if self._tally else None
        return Column(self._field.name, str(self._field.type), self._kind, nulls=self._nulls, numbers=numbers_seen)


def _like(numbers: Numbers) -> NumberTally:
    return NumberTally(numbers.edges, atoms=numbers.atoms, masses=numbers.counts)


def _masses(edges: Floats, sample: Floats) -> Counts:
    some = sample[:: max(len(sample) // 4_096, 1)]
    return np.bincount(np.searchsorted(edges, some, side="right"), minlength=len(edges) + 1)


class WordReading:
    """A column of words: its vocabulary where no one gave the categories, which mostly suffices, then its counts."""

    def __init__(self, field: pa.Field, kind: Kind | None, like: Column | None, *, salt: str) -> None:
        self._field = field
        self._salt = salt
        self._nulls = 0
        self._kind = kind or (like.kind if like else Kind.CATEGORICAL)
        self._told = kind is not None
        self._vocabulary = Vocabulary()
        known = like.categories if like else None
        self._tally = WordTally(known.known, salt=known.salt) if known else None
        self._counts = WordCounts(self._tally or self._vocabulary)

    def add(self, array: pa.Array) -> None:
        """Note the words or count them."""
        self._nulls += array.null_count
        self._counts.add(as_kind(array, Kind.CATEGORICAL, self._field.name))

    def wants_another(self) -> bool:
        """A second pass only where the vocabulary was too large to be kept whole."""
        self._counts.flush()
        if self._tally is not None:
            return False
        if self._vocabulary.is_text and not self._told:
            self._kind = Kind.TEXT
        if self._vocabulary.complete:
            self._tally = self._vocabulary.counted(salt=self._salt)
            return False
        self._tally = self._vocabulary.tally(salt=self._salt)
        self._counts = WordCounts(self._tally)
        self._nulls = 0
        return True

    def column(self) -> Column:
        """The column with its categories."""
        categories = self._tally.result() if self._tally else None
        return Column(self._field.name, str(self._field.type), self._kind, nulls=self._nulls, categories=categories)
