"""One column before and now, and what statistics are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nephoscope.drift.estimate import Estimate
from nephoscope.drift.gap import Gap, gap_of
from nephoscope.drift.profile import Categories, Column, Kind, Numbers, Profile
from nephoscope.drift.schema_change import retyped
from nephoscope.drift.shares import CategoryCounts, Shares, category_counts, decile_shares, shares_of_counts
from nephoscope.drift.wasserstein import wasserstein


class NotComputable(Exception):
    """A statistic has no value for these data; the message is a sentence that says why."""


class NotExact(NotComputable):
    """A statistic has no value over bins; the values themselves would give one."""


@dataclass(frozen=True, slots=True)
class Side:
    """One column of one table, and how many rows that table has."""

    column: Column
    rows: int
    table: str  # "baseline" or "window"

    def __str__(self) -> str:
        return f"The {self.table}'s '{self.column.name}'"

    def numbers(self) -> Numbers:
        """
        The column's numbers, at least one of them finite.

        Raises:
            NotComputable: There are none.
        """
        column, numbers = self.column, self.column.numbers
        if numbers is None and column.physical != "null":
            raise NotComputable(f"'{column.name}' is {column.kind}: it has no numbers.")
        if numbers is None or not numbers.finite:
            infinite = numbers.plus_inf + numbers.minus_inf if numbers else 0
            seen = f"{column.nulls:,} null, {column.nan:,} NaN, {infinite:,} infinite"
            raise NotComputable(f"{self} has no finite value in {self.rows:,} rows: {seen}.")
        return numbers

    def categories(self) -> Categories:
        """
        The column's categories, at least one of them there.

        Raises:
            NotComputable: There are none.
        """
        column, categories = self.column, self.column.categories
        if categories is None and column.physical != "null":
            raise NotComputable(f"'{column.name}' is {column.kind}: it has no categories.")
        if categories is None or not sum(categories.known.values()) + categories.unseen_rows:
            raise NotComputable(f"{self} has no value in {self.rows:,} rows: {column.nulls:,} are null.")
        return categories


@dataclass(frozen=True)
class Pair:
    """One column before and now; what is computed from both is computed once."""

    baseline: Side
    window: Side

    @property
    def kind(self) -> Kind:
        """How the column is looked at."""
        return self.baseline.column.kind

    @property
    def name(self) -> str:
        """The column's name."""
        return self.baseline.column.name

    @cached_property
    def numbers(self) -> tuple[Numbers, Numbers]:
        """Both sides' numbers, over the same bins."""
        before, after = self.baseline.numbers(), self.window.numbers()
        if not np.array_equal(before.edges, after.edges):
            raise NotComputable(f"'{self.name}' was profiled over other bins; profile the window --like the baseline.")
        return before, after

    @cached_property
    def gap(self) -> Gap:
        """The gap between the distribution functions."""
        before, after = self.numbers
        if not (np.isfinite(before.sums).all() and np.isfinite(after.sums).all()):
            raise NotComputable(f"The values of '{self.name}' are too large to be summed.")
        return gap_of(before, after)

    @cached_property
    def distance(self) -> Estimate:
        """The Wasserstein distance, which several statistics begin with."""
        return wasserstein(self.gap)

    @cached_property
    def categories(self) -> CategoryCounts:
        """Both sides' categories."""
        before, after = self.baseline.categories(), self.window.categories()
        if before.salt != after.salt:
            raise NotComputable(f"'{self.name}' was hashed with another salt; profile the window --like the baseline.")
        return category_counts(before, after)

    @cached_property
    def shares(self) -> Shares:
        """The shares of the categories or, of numbers, those between the baseline's deciles."""
        if self.kind is Kind.NUMERIC:
            return decile_shares(*self.numbers)
        return shares_of_counts(self.categories.baseline, self.categories.window)

    @cached_property
    def values(self) -> CategoryCounts:
        """
        How often each distinct value stands on both sides; numbers as categories.

        Raises:
            NotComputable: Some bins hold more than one value.
        """
        if self.kind is not Kind.NUMERIC:
            return self.categories
        before, after = self.numbers
        held = (before.counts > 0) | (after.counts > 0)
        if not before.single[held].all():
            raise NotComputable(f"'{self.name}' has too many distinct values to tell them apart.")
        places = np.nonzero(held)[0]
        words = tuple(repr(edge) for edge in before.edges[places - 1].tolist())
        return CategoryCounts(words, before.counts[places], after.counts[places], rest=False)

    @property
    def distinct(self) -> int:
        """How many distinct values there are on both sides, at least; a bin of several counts each of its rows."""
        if self.kind is not Kind.NUMERIC:
            return len(self.categories.words)
        before, after = self.numbers
        return distinct(before.counts + after.counts, before)


def distinct(counts: np.ndarray, of: Numbers) -> int:
    """How many distinct values these counts can be of."""
    return int(np.where(of.single, np.minimum(counts, 1), counts).sum())


def pair(baseline: Profile, window: Profile, name: str) -> Pair:
    """
    Find a column in both tables.

    Raises:
        NotComputable: It is missing from one, or of another nature.
    """
    return paired(side(baseline, name, "baseline"), side(window, name, "window"), name)


def side(profile: Profile, name: str, table: str) -> Side | None:
    """Find a column in a table."""
    column = profile.column(name)
    return None if column is None else Side(column, profile.rows, table)


def paired(before: Side | None, after: Side | None, name: str) -> Pair:
    """
    Pass two sides of one nature.

    Raises:
        NotComputable: The column is missing from one, or was retyped.
    """
    if before is None or after is None:
        raise NotComputable(f"The {'window' if before else 'baseline'} has no column '{name}'.")
    if retyped(before.column, after.column):
        was, now = before.column.physical, after.column.physical
        raise NotComputable(f"'{name}' was {was} in the baseline and is {now} now.")
    return Pair(before, after)
