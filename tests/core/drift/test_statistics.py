"""Every statistic is SciPy's, from samples to the last digits and from bins within its bound."""

from collections.abc import Callable

import numpy as np
import pytest
from nephoscope.drift.chi2 import chi2, chi2_p
from nephoscope.drift.edges import edges_of
from nephoscope.drift.gap import atoms_of
from nephoscope.drift.ks_p import ks_p
from nephoscope.drift.pair import NotComputable, Pair, Side
from nephoscope.drift.profile import Categories, Column, Floats, Kind, Numbers
from nephoscope.drift.splitting import chosen_values, doubtful_bins, split
from nephoscope.drift.statistics import statistic
from nephoscope.drift.tally import NumberTally
from nephoscope.drift.z_proportions import z_proportions_p
from scipy import stats
from scipy.spatial.distance import jensenshannon

LAWS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda draw, size: draw.normal(size=size),
    "lognormal": lambda draw, size: draw.lognormal(size=size),
    "far from zero": lambda draw, size: 1e6 + draw.normal(size=size),
    "integers": lambda draw, size: draw.integers(0, 30, size=size).astype(float),
    "heavy": lambda draw, size: draw.zipf(2.5, size=size).astype(float),
    "mostly zero": lambda draw, size: np.where(draw.uniform(size=size) < 0.7, 0.0, draw.normal(size=size)),
}


def samples(law: str) -> tuple[Floats, Floats]:
    """Two samples, the second one a little moved."""
    draw = np.random.default_rng(11)
    return LAWS[law](draw, 3_000), LAWS[law](draw, 2_000) * 1.1


def of_numbers(a: Numbers, b: Numbers) -> Pair:
    """Two sides of a numeric column."""
    return Pair(
        *(
            Side(Column("x", "double", Kind.NUMERIC, numbers=numbers), numbers.finite, table)
            for numbers, table in ((a, "baseline"), (b, "window"))
        )
    )


def exactly(a: Floats, b: Floats) -> Pair:
    """Both samples without loss."""
    return of_numbers(*atoms_of(a, b))


def in_bins(a: Floats, b: Floats, bins: int) -> Pair:
    """Both samples over the bins of the first."""
    edges = edges_of(a, bins, low=float(a.min()), high=float(a.max()))
    tallies = [NumberTally(edges), NumberTally(edges)]
    for tally, values in zip(tallies, (a, b), strict=True):
        tally.add(values)
    return of_numbers(tallies[0].result(), tallies[1].result())


def scipys(a: Floats, b: Floats) -> dict[str, float]:
    """The same statistics by SciPy and by numpy's histograms."""
    borders = np.unique(np.quantile(a, np.arange(1, 10) / 10))
    p, q = (np.bincount(np.searchsorted(borders, x, side="right"), minlength=len(borders) + 1) / len(x) for x in (a, b))
    lifted_p, lifted_q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    distance = stats.wasserstein_distance(a, b)
    return {
        "ks": stats.ks_2samp(a, b).statistic,
        "ks_p": stats.ks_2samp(a, b).pvalue,
        "wasserstein": distance,
        "wasserstein_normed": distance / a.std(),
        "energy": stats.energy_distance(a, b),
        "psi": float(((lifted_p - lifted_q) * np.log(lifted_p / lifted_q)).sum()),
        "kl": float((lifted_p * np.log(lifted_p / lifted_q)).sum()),
        "js": jensenshannon(p, q, 2),
        "js_ln": jensenshannon(p, q),
        "hellinger": float(np.sqrt(1 - np.sqrt(p * q).sum())),
        "total_variation": float(np.abs(p - q).sum() / 2),
        "l_infinity": float(np.abs(p - q).max()),
        "mean_diff": abs(a.mean() - b.mean()),
    }


@pytest.mark.parametrize("law", LAWS)
def test_statistics_of_samples_are_exact(law: str) -> None:
    """Up to 100,000 rows a side every value is SciPy's to nine digits, and its bound is 0."""
    a, b = samples(law)
    both = exactly(a, b)
    for name, value in scipys(a, b).items():
        found = statistic(name, both)
        assert found.value == pytest.approx(value, rel=1e-9, abs=1e-9 if name != "hellinger" else 1e-7), name
        assert found.bound == 0, name


@pytest.mark.parametrize("bins", [16, 256, 1024])
@pytest.mark.parametrize("law", LAWS)
def test_statistics_of_bins_hold_their_bound(law: str, bins: int) -> None:
    """From a Profile the true value lies within the interval that is told, and more bins make it narrower."""
    a, b = samples(law)
    both = in_bins(a, b, bins)
    for name, value in scipys(a, b).items():
        found = statistic(name, both)
        slack = 1e-9 * max(1.0, abs(value)) + 1e-7 * (law == "far from zero")
        assert min(found.low, found.high) - slack <= value <= max(found.low, found.high) + slack, name
        assert abs(found.value - value) <= found.bound + slack, name


def test_deciles_within_one_bin_hold_their_bound() -> None:
    """Deciles that lie beside and on a common value are two, and what lies between them is not known to be nothing."""
    a, b = np.repeat([0.0, 1.0], [10, 90]), np.full(100, 0.95)

    for name in ("psi", "kl", "js", "hellinger", "l_infinity", "total_variation"):
        exact, told = statistic(name, exactly(a, b)).value, statistic(name, in_bins(a, b, 64))
        assert told.low - 1e-9 <= exact <= told.high + 1e-9, name


def test_squares_that_overflow_are_not_called_a_deviation_of_zero() -> None:
    """The reason says that the values are too large, not that they do not vary."""
    wide = np.linspace(-1e200, 1e200, 100)

    with pytest.raises(NotComputable, match="too large to be squared"):
        statistic("wasserstein_normed", exactly(wide, wide))
    with pytest.raises(NotComputable, match=r"standard deviation of 0\.0"):
        statistic("wasserstein_normed", exactly(np.ones(9), wide))


def looked_at_again(a: Floats, b: Floats, both: Pair) -> Pair:
    """What a second pass over the rows makes of a pair."""
    bins = doubtful_bins(both)
    edges = both.numbers[0].edges
    return split(both, bins, (chosen_values(a, edges, bins), chosen_values(b, edges, bins)))


@pytest.mark.parametrize("law", LAWS)
def test_a_second_look_leaves_no_doubt(law: str) -> None:
    """Over 64 bins and the values of the few that matter, distances and shares are SciPy's and their bound is 0."""
    a, b = samples(law)
    closer = looked_at_again(a, b, in_bins(a, b, 64))
    for name, value in scipys(a, b).items():
        if name not in ("energy", "ks_p"):
            found = statistic(name, closer)
            slack = 1e-9 * max(1.0, abs(value)) + 1e-7 * (law == "far from zero" or name == "hellinger")
            assert found.value == pytest.approx(value, abs=slack), name
            assert found.bound <= slack, name


def test_a_second_look_keeps_the_counts() -> None:
    """No row is lost or counted twice, and few are held."""
    a, b = samples("normal")
    both = in_bins(a, b, 256)
    closer = looked_at_again(a, b, both)
    assert [numbers.finite for numbers in closer.numbers] == [3_000, 2_000]
    assert np.isclose(closer.numbers[1].sums.sum(), b.sum())
    assert both.numbers[0].counts[doubtful_bins(both)].sum() < 1_500


@pytest.mark.parametrize(("n", "m"), [(4, 4), (10, 7), (100, 100), (1000, 999), (50, 5_000), (700, 20_000)])
def test_ks_p_is_scipys(n: int, m: int) -> None:
    """The p-value of the KS distance is SciPy's to 1e-6, exact or asymptotic."""
    draw = np.random.default_rng(n)
    for shift in (0.0, 0.1, 1.0):
        found = stats.ks_2samp(draw.normal(size=n), draw.normal(shift, 1, size=m))
        assert ks_p(found.statistic, n, m) == pytest.approx(found.pvalue, abs=1e-6)


def test_p_values_of_chi_square_and_z_are_scipys() -> None:
    """Both tails agree with SciPy over the whole range."""
    for freedom in (1, 2, 9, 200):
        for value in (0.0, 0.5, 3.0, 40.0, 250.0, 2_000.0):
            assert chi2_p(value, freedom) == pytest.approx(stats.chi2.sf(value, freedom), abs=1e-12)
    for value in (0.0, 1.0, 1.96, 8.0):
        assert z_proportions_p(value) == pytest.approx(2 * stats.norm.sf(value), abs=1e-15)


def test_chi_square_is_scipys_contingency_without_correction() -> None:
    """The statistic is that of the contingency table, without Yates' correction."""
    a, b = np.array([40, 25, 10, 5]), np.array([30, 30, 20, 1])
    assert chi2(a, b) == pytest.approx(stats.chi2_contingency([a, b], correction=False).statistic)


def test_words_have_shares_of_their_categories() -> None:
    """A categorical column's distances are over its categories, one that the baseline lacks included."""
    before, now = {"a": 50, "b": 30, "c": 20}, {"a": 20, "b": 30, "d": 50}
    sides = [
        Side(Column("w", "string", Kind.CATEGORICAL, categories=Categories(counts)), 100, table)
        for counts, table in ((before, "baseline"), (now, "window"))
    ]
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.2, 0.3, 0.0, 0.5])
    both = Pair(*sides)
    assert statistic("js", both).value == pytest.approx(jensenshannon(p, q, 2))
    assert statistic("total_variation", both).value == pytest.approx(0.5)
    assert statistic("l_infinity", both).value == pytest.approx(0.5)
