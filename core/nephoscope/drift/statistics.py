"""Every statistic by its name, taken from the summaries of one column before and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nephoscope.drift.ks import ks, ks_bound
from nephoscope.drift.mean_diff import mean_diff
from nephoscope.drift.null_share import null_share
from nephoscope.drift.profile import Column, Numbers, Profile
from nephoscope.drift.schema_change import retyped


@dataclass(frozen=True, slots=True)
class Value:
    """A statistic's value and the largest error it can have; or a sentence why there is none."""

    value: float | None
    bound: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One column of one table, and how many rows that table has."""

    column: Column
    rows: int
    name: str  # "baseline" or "window"

    def __str__(self) -> str:
        return f"The {self.name}'s '{self.column.name}'"


@dataclass(frozen=True, slots=True)
class Pair:
    """One column before and now."""

    baseline: Side
    window: Side


def pair(baseline: Profile, window: Profile, name: str) -> Pair | Value:
    """Find a column in both tables; a Value without a value says why there is no pair."""
    sides = []
    for profile, table in ((baseline, "baseline"), (window, "window")):
        column = profile.column(name)
        if column is None:
            return Value(None, why=f"The {table} has no column '{name}'.")
        sides.append(Side(column, profile.rows, table))
    before, after = sides
    if retyped(before.column, after.column):
        return Value(
            None, why=f"'{name}' was {before.column.physical} in the baseline and is {after.column.physical} now."
        )
    return Pair(before, after)


def statistic(name: str, of: Pair) -> Value:
    """Compute a statistic; where it cannot be computed, say why."""
    return STATISTICS[name](of)


def _numbers(side: Side) -> Numbers | Value:
    """A column's finite numbers, at least one, or the reason why there are none."""
    column, numbers = side.column, side.column.numbers
    if numbers is None and column.physical != "null":
        return Value(None, why=f"'{column.name}' is {column.kind}: it has no numbers.")
    if numbers is None or not numbers.finite:
        infinite = numbers.plus_inf + numbers.minus_inf if numbers else 0
        seen = f"{column.nulls:,} null, {column.nan:,} NaN, {infinite:,} infinite"
        return Value(None, why=f"{side} has no finite value in {side.rows:,} rows: {seen}.")
    return numbers


def _of_numbers(compute: Callable[[Numbers, Numbers], Value]) -> Callable[[Pair], Value]:
    def value(of: Pair) -> Value:
        before, after = _numbers(of.baseline), _numbers(of.window)
        if isinstance(before, Value):
            return before
        return after if isinstance(after, Value) else compute(before, after)

    return value


def _ks(before: Numbers, after: Numbers) -> Value:
    bound = ks_bound(before.counts, after.counts, single=before.single)
    return Value(ks(before.counts, after.counts), bound)


def _mean_diff(before: Numbers, after: Numbers) -> Value:
    if before.mean is None or after.mean is None:
        return Value(None, why="The values are too large to be summed.")
    return Value(mean_diff(before.mean, after.mean))


def _null_share(of: Pair) -> Value:
    return Value(null_share(of.window.column, of.window.rows))


STATISTICS: dict[str, Callable[[Pair], Value]] = {
    "ks": _of_numbers(_ks),
    "mean_diff": _of_numbers(_mean_diff),
    "null_share": _null_share,
}
