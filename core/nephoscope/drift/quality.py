"""
What distances do not see: columns that fill with nulls, new categories, values out of range.

Each check has a limit of its own that chance does not reach, derived from the baseline alone and from the number of
rows, so that a column has the same Findings in every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nephoscope.drift.null_share import null_share
from nephoscope.drift.pair import NotComputable, Pair, distinct
from nephoscope.drift.profile import Categories, Column, Kind, Numbers, just_above
from nephoscope.drift.shares import CategoryCounts
from nephoscope.drift.words import kept
from nephoscope.findings import Finding, Limit, Severity, at_most, judge, measured, unknown

CHANCE = 1e-6  # of a false alarm of one check of one column
SHARE = 0.05  # more of the rows than in the baseline may be null
OUTSIDE = 0.001  # of the values may lie out of range in any case


def quality_findings(of: Pair, *, dataset: str) -> tuple[Finding, ...]:
    """Every quality check of a column's kind."""
    return tuple(_finding(check, of, dataset) for check in quality_checks(of.kind))


def quality_checks(kind: Kind) -> tuple[str, ...]:
    """The quality checks of a kind of column, by name."""
    return _CHECKS[kind]


def _finding(check: str, of: Pair, dataset: str) -> Finding:
    subject, labels = f"{dataset}/{of.name}", {"dataset": dataset}
    try:
        value, limit, reason = _MEASURES[check](of)
    except NotComputable as why:
        return unknown(f"drift.{check}", subject, reason=str(why), labels=labels, severity=Severity.LOW)
    return measured(f"drift.{check}", subject, value, limit, reason=f"{reason}, {limit} was expected.", labels=labels)


Measured = tuple[float, Limit, str]


def _nulls(of: Pair) -> Measured:
    before = null_share(of.baseline.column, of.baseline.rows)
    value = null_share(of.window.column, of.window.rows)
    limit = at_most(_rounded(before + max(SHARE, _chance_of_share(before, of.baseline.rows, of.window.rows))))
    return value, limit, f"{value:.1%} of the rows are null or NaN, {before:.1%} in the baseline"


def _chance_of_share(share: float, n: int, m: int) -> float:
    """How far chance carries a share, as a normal law has it (5 standard errors)."""
    smoothed = (share * n + 1) / (n + 2)
    return 5 * math.sqrt(smoothed * (1 - smoothed) * (1 / n + 1 / m))


def _out_of_range(of: Pair) -> Measured:
    before, after = of.numbers
    if before.low is None or before.high is None:
        raise NotComputable(f"The baseline's '{of.name}' has no range.")
    least, most = _outside(after, before.low, before.high)
    # Of the n + m values of one law the k greatest are all the window's with a chance of about (m / (n + m))**k.
    few = math.log(CHANCE) / math.log(after.finite / (before.finite + after.finite))
    limit = at_most(_rounded(max(OUTSIDE, 2 * few / after.finite)))
    counted = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    reason = f"{counted} of {after.finite:,} values lie outside the baseline's range"
    if judge(least / after.finite, limit) is not judge(most / after.finite, limit):
        raise NotComputable(f"{reason}, which reaches beyond its bins: {limit} was expected.")
    return least / after.finite, limit, reason


def _outside(after: Numbers, low: float, high: float) -> tuple[int, int]:
    """How many values lie outside a range: the least and the most, which differ where one of its ends cuts a bin."""
    first, last = np.searchsorted(after.edges, [low, high], side="right")
    begins = first > 0 and after.edges[first - 1] == low
    ends = after.single[last] or np.isin(just_above(np.array([high])), after.edges).all()
    least = most = 0
    for reached, beyond, cut in (
        (after.low is not None and after.low < low, after.counts[:first], 0 if begins else after.counts[first]),
        (after.high is not None and after.high > high, after.counts[last + 1 :], 0 if ends else after.counts[last]),
    ):
        if reached:
            whole = int(beyond.sum())
            least, most = least + max(whole, 1), most + whole + int(cut)
    return least, most


def _infinite(of: Pair) -> Measured:
    before, after = of.baseline.column.numbers, of.window.column.numbers
    if before is None or after is None:
        raise NotComputable(f"'{of.name}' has no numbers.")
    counted = after.plus_inf + after.minus_inf
    share = counted / of.window.rows
    usual = (before.plus_inf + before.minus_inf) / of.baseline.rows
    limit = at_most(_rounded(usual + (_chance_of_share(usual, of.baseline.rows, of.window.rows) if usual else 0.0)))
    return share, limit, f"{counted:,} values are infinite"


def _constant(of: Pair) -> Measured:
    had, has = _distinct(of.baseline.column), _distinct(of.window.column)
    held = of.window.rows - of.window.column.nulls
    if has == 0:
        raise NotComputable(f"{of.window} has no value in {of.window.rows:,} rows.")
    became = has == 1 and had > 1 and held > 1 and _commonest(of.baseline.column) ** held < CHANCE
    reason = "All values are the same" if became else "The values differ, or may well be the same"
    return float(became), at_most(0), reason


def _distinct(column: Column) -> int:
    if (numbers := column.numbers) is not None:
        others = numbers.nan + numbers.plus_inf + numbers.minus_inf
        alike = numbers.finite > 0 and numbers.low == numbers.high and not others
        return 1 if alike else distinct(numbers.counts, numbers)
    found = column.categories
    return 0 if found is None else sum(1 for count in {**found.known, **found.unseen}.values() if count)


def _commonest(column: Column) -> float:
    """The share of the commonest value, or of the bin that holds it."""
    if column.numbers is not None:
        return int(column.numbers.counts.max()) / column.numbers.finite
    found = column.categories or Categories({})
    counts = (*found.known.values(), *found.unseen.values())
    return max(counts) / sum(counts)


def _new_categories(of: Pair) -> Measured:
    counts, before = of.categories, of.baseline.categories()
    if before.unseen_rows > sum(before.unseen.values()):
        raise NotComputable(f"The baseline's '{of.name}' has more categories than are kept.")
    new = counts.baseline == 0
    words = int(new.sum()) - counts.rest
    total, seen = int(counts.window.sum()), int(counts.baseline.sum())
    share = int(counts.window[new].sum()) / total
    # Good & Turing: what has not been seen yet weighs as much as what was seen once.
    once = int((counts.baseline == 1).sum()) / seen
    limit = at_most(_rounded(once + _chance_of_share(once, seen, total) if once else 0.0))
    return share, limit, f"{words:,} categories that the baseline lacks make {share:.2%} of the values"


def _vanished_categories(of: Pair) -> Measured:
    counts, after = of.categories, of.window.categories()
    total, seen = int(counts.window.sum()), int(counts.baseline.sum())
    told = _told(counts, after)
    gone = [
        had / seen
        for word, had, has in zip(counts.words, counts.baseline.tolist(), counts.window.tolist(), strict=True)
        if had and not has and word in told
    ]
    # A category of share p is missing from m values with a chance of about exp(-p m).
    limit = at_most(_rounded(min(1.0, -math.log(CHANCE) * (1 / total + 1 / seen))))
    share = max(gone, default=0.0)
    return share, limit, f"{len(gone):,} categories are gone, the commonest had {share:.2%} of the baseline's values"


def _told(counts: CategoryCounts, after: Categories) -> set[str]:
    """The words of which a window tells whether they came: all, or those that its kept ones could not push out."""
    words = counts.words[:-1] if counts.rest else counts.words
    if sum(after.unseen.values()) == after.unseen_rows:
        return set(words)
    others = [word for word in words if word not in after.known]
    return {*after.known, *kept(others, hashed=after.salt is not None, most=len(after.unseen))}


def _rounded(limit: float) -> float:
    """Three significant digits, never less than the limit itself."""
    if limit <= 0:
        return limit
    scale = 10.0 ** (2 - math.floor(math.log10(limit)))
    return math.ceil(limit * scale) / scale


_MEASURES: dict[str, Callable[[Pair], Measured]] = {
    "null_share": _nulls,
    "infinite": _infinite,
    "out_of_range": _out_of_range,
    "constant": _constant,
    "new_categories": _new_categories,
    "vanished_categories": _vanished_categories,
}

_CHECKS: dict[Kind, tuple[str, ...]] = {
    Kind.NUMERIC: ("null_share", "infinite", "out_of_range", "constant"),
    Kind.CATEGORICAL: ("null_share", "new_categories", "vanished_categories", "constant"),
    Kind.TEXT: ("null_share", "constant"),
    Kind.TIME: ("null_share", "constant"),
    Kind.OPAQUE: ("null_share",),
}
