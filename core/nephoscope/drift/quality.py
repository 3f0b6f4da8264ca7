"""
What distances do not see: columns that fill with nulls, new categories, values out of range.

Each check has a limit of its own that chance does not reach, derived from the baseline alone and from the number of
rows, so that a column has the same Findings in every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nephoscope.drift.null_share import null_share
from nephoscope.drift.pair import NotComputable, Pair, distinct
from nephoscope.drift.profile import Categories, Column, Kind
from nephoscope.findings import Finding, Limit, Severity, at_most, measured, unknown

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
    inside = _inside(of, before.low, before.high)
    outside = after.finite - inside
    # Of the n + m values of one law the k greatest are all the window's with a chance of about (m / (n + m))**k.
    few = math.log(CHANCE) / math.log(after.finite / (before.finite + after.finite))
    limit = at_most(_rounded(max(OUTSIDE, 2 * few / after.finite)))
    share = outside / after.finite
    return share, limit, f"{outside:,} of {after.finite:,} values lie outside the baseline's range"


def _inside(of: Pair, low: float, high: float) -> int:
    before, after = of.numbers
    if before.atoms:
        places = (before.edges >= low) & (before.edges <= high)
        return int(after.counts[1:][places].sum())
    return int(after.counts[1:-1].sum()) if len(before.edges) > 1 else after.finite


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
    if column.numbers is not None:
        return distinct(column.numbers.counts, column.numbers)
    found = column.categories
    return 0 if found is None else sum(1 for count in {**found.known, **found.unseen}.values() if count)


def _commonest(column: Column) -> float:
    """The share of the commonest value, or of the bin that holds it."""
    if column.numbers is not None:
        return int(column.numbers.counts.max()) / column.numbers.finite
    counts = _counts(column.categories or Categories({}))
    return max(counts.values()) / sum(counts.values())


def _counts(categories: Categories) -> dict[str, int]:
    return {word: count for word, count in {**categories.known, **categories.unseen}.items() if count}


def _new_categories(of: Pair) -> Measured:
    before, after = of.baseline.categories(), of.window.categories()
    known, now = _counts(before), _counts(after)
    if before.unseen_rows > sum(before.unseen.values()):
        raise NotComputable(f"The baseline's '{of.name}' has more categories than are kept.")
    kept = sum(after.unseen.values())
    new = [word for word in now if word not in known]
    rows = sum(now[word] for word in new) + after.unseen_rows - kept
    total, seen = sum(now.values()) + after.unseen_rows - kept, sum(known.values())
    # Good & Turing: what has not been seen yet weighs as much as what was seen once.
    once = sum(count == 1 for count in known.values()) / seen
    limit = at_most(_rounded(once + _chance_of_share(once, seen, total) if once else 0.0))
    reason = f"{len(new):,} categories that the baseline lacks make {rows / total:.2%} of the values"
    return rows / total, limit, reason


def _vanished_categories(of: Pair) -> Measured:
    known, now = _counts(of.baseline.categories()), _counts(of.window.categories())
    total, seen = sum(now.values()) + of.window.categories().unseen_rows, sum(known.values())
    gone = [count / seen for word, count in known.items() if word not in now]
    # A category of share p is missing from m values with a chance of about exp(-p m).
    limit = at_most(_rounded(min(1.0, -math.log(CHANCE) * (1 / total + 1 / seen))))
    share = max(gone, default=0.0)
    return share, limit, f"{len(gone):,} categories are gone, the commonest had {share:.2%} of the baseline's values"


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
