"""
The preset `evidently`: what Evidently 0.7.23's DataDriftPreset decides, column by column.

Which test is taken depends on the column's type as pandas would have it, the distinct values of both sides and the
reference's rows without missing ones. Its chi-square is the one-sample test against the reference's shares, its
Jensen-Shannon distance has the natural logarithm, its histograms have Sturges' bins over both sides together. It
corrects nothing for the number of columns.

Source: evidently/legacy/calculations/stattests/*.py, evidently/core/datasets.py (infer_column_type), version 0.7.23.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nephoscope.drift.chi2 import chi2_p
from nephoscope.drift.choice import Choice
from nephoscope.drift.default_preset import plain_limit
from nephoscope.drift.divergence import divergence
from nephoscope.drift.estimate import Estimate, root
from nephoscope.drift.js import js_ln
from nephoscope.drift.limits import limit_for
from nephoscope.drift.pair import NotComputable, NotExact, Pair, Side, distinct
from nephoscope.drift.profile import Counts, Floats, Kind
from nephoscope.drift.shares import Shares, shares_between, shares_of_counts
from nephoscope.drift.statistics import statistic
from nephoscope.drift.z_proportions import z_proportions, z_proportions_p
from nephoscope.findings import Verdict

SMALL = 1_000  # rows of the reference up to which tests are taken, beyond it distances
FEW_INTEGERS = 10  # distinct integers up to which they are categories
FEW_NUMBERS = 5  # distinct numbers up to which they are tested as categories
LEAST_DEVIATION = 0.001
STRICT = {"chi2_p", "z_proportions_p", "energy"}  # these drift beyond their limit, the others at it
NUMBERS = ("int", "float", "double", "half")  # Arrow's names of the types that pandas takes for numbers


def evidently_choice(of: Pair, method: str | None = None) -> Choice:
    """
    Choose a column's test as Evidently does.

    Raises:
        NotComputable: Text, time and types that pandas does not know are not compared, nor is an empty column.
    """
    kind = evidently_kind(of.window)
    if kind is None:
        raise NotComputable(
            f"'{of.name}' is {of.window.column.kind} ({of.window.column.physical}): it is not compared."
        )
    name = method or _test(of, kind)
    own = _VALUES.get(name)
    value = own(of, kind) if own else statistic(name, of)
    number = plain_limit(name, of)
    return Choice(name, value, limit_for(name, number, at_limit=Verdict.OK if name in STRICT else Verdict.BREACH))


def evidently_kind(side: Side) -> Kind | None:
    """How Evidently looks at the current data's column, numeric or categorical; None where it does not."""
    column = side.column
    if column.kind is Kind.CATEGORICAL:
        return None if column.physical == "null" or (column.physical == "bool" and column.nulls) else Kind.CATEGORICAL
    numbers = column.numbers
    if (
        column.kind is not Kind.NUMERIC
        or numbers is None
        or not column.physical.startswith(("int", "float", "double", "half"))
    ):
        return None
    # pandas has no integers beside missing values: such a column is one of floats.
    integers = column.physical.startswith("int") and not column.nulls
    return Kind.CATEGORICAL if integers and distinct(numbers.counts, numbers) <= FEW_INTEGERS else Kind.NUMERIC


def _test(of: Pair, kind: Kind) -> str:
    values = of.distinct
    numbers = kind is Kind.NUMERIC and values > FEW_NUMBERS
    if _reference_rows(of) > SMALL:
        return "wasserstein_normed" if numbers else "js_ln"
    if numbers:
        return "ks_p"
    return "chi2_p" if values > 2 else "z_proportions_p"


def _reference_rows(of: Pair) -> int:
    return of.numbers[0].finite if of.kind is Kind.NUMERIC else int(of.categories.baseline.sum())


def _chi2_p(of: Pair, _: Kind) -> Estimate:
    reference, current = of.values.baseline, of.values.window
    expected = reference * (current.sum() / reference.sum())
    if not expected.all():
        return Estimate.exact(0.0)
    return Estimate.exact(chi2_p(float((np.square(current - expected) / expected).sum()), len(expected) - 1))


def _z_p(of: Pair, _: Kind) -> Estimate:
    reference, current = (_first_and_rest(counts) for counts in (of.values.baseline, of.values.window))
    return Estimate.exact(z_proportions_p(z_proportions(reference, current)))


def _first_and_rest(counts: Counts) -> Counts:
    return np.array([counts[0], counts[1:].sum()])


def _wasserstein_normed(of: Pair, _: Kind) -> Estimate:
    deviation = max(of.numbers[0].deviation or 0.0, LEAST_DEVIATION)
    return of.distance.through(lambda distance: distance / deviation)


def evidently_shares(of: Pair, kind: Kind) -> Shares:
    """The shares of each value or, of many numbers, in Sturges' bins over both sides together."""
    if of.kind is Kind.NUMERIC and kind is Kind.NUMERIC and distinct(of.numbers[0].counts, of.numbers[0]) > 20:
        return _histogram(of, of.numbers[0].finite + of.numbers[1].finite)
    return shares_of_counts(of.values.baseline, of.values.window)


def _histogram(of: Pair, values: int) -> Shares:
    return shares_between(*of.numbers, sturges(of, values))


def sturges(of: Pair, values: int) -> Floats:
    """The inner borders of Sturges' bins over both sides together."""
    low = min(side.low for side in of.numbers if side.low is not None)
    high = max(side.high for side in of.numbers if side.high is not None)
    bins = math.ceil(math.log2(values) + 1)
    return np.linspace(low, high, bins + 1)[1:-1]


def _lifted(shares: Floats) -> Floats:
    """Empty bins get 0.0001, or a millionth of the least share where that is at most 0.0001."""
    least = shares[shares != 0].min()
    return np.where(shares == 0, least / 1e6 if least <= 0.0001 else 0.0001, shares)


def _psi(of: Pair, kind: Kind) -> Estimate:
    return _exactly(evidently_shares(of, kind), lambda p, q: float(((p - q) * np.log(p / q)).sum()))


def _kl(of: Pair, kind: Kind) -> Estimate:
    def entropy(p: Floats, q: Floats) -> float:
        p, q = p / p.sum(), q / q.sum()
        return float((p * np.log(p / q)).sum())

    return _exactly(evidently_shares(of, kind), entropy)


def _exactly(shares: Shares, of: Callable[[Floats, Floats], float]) -> Estimate:
    """A value with Evidently's floor, which only exact shares have."""
    if not np.array_equal(shares.q_low, shares.q_high):
        raise NotExact("Evidently's floor needs exact shares: give the files, not Profiles of them.")
    return Estimate.exact(of(_lifted(shares.p), _lifted(shares.q)))


def _hellinger(of: Pair, kind: Kind) -> Estimate:
    if of.kind is Kind.NUMERIC and kind is Kind.NUMERIC:
        shares = _histogram(of, of.distinct)
    else:
        shares = shares_of_counts(of.values.baseline, of.values.window)
    return divergence(lambda p, q: np.square(np.sqrt(p) - np.sqrt(q)) / 2, shares).through(root)


_VALUES: dict[str, Callable[[Pair, Kind], Estimate]] = {
    "chi2_p": _chi2_p,
    "z_proportions_p": _z_p,
    "wasserstein_normed": _wasserstein_normed,
    "js_ln": lambda of, kind: js_ln(evidently_shares(of, kind)),
    "psi": _psi,
    "kl": _kl,
    "hellinger": _hellinger,
}
