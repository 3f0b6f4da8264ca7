"""What holds of Profiles and statistics whatever the data are."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nephoscope.drift.binning import BATCH, Binning
from nephoscope.drift.gap import atoms_of, gap_of
from nephoscope.drift.js import js
from nephoscope.drift.ks import ks
from nephoscope.drift.profile import Column, Floats, Kind, Profile, from_json, merge, to_json
from nephoscope.drift.psi import psi
from nephoscope.drift.shares import shares_of_counts
from nephoscope.drift.tally import NumberTally, WordTally
from nephoscope.drift.wasserstein import wasserstein
from nephoscope.errors import BadBaseline

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
samples = arrays(np.float64, st.integers(0, 60), elements=numbers)
finite = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6))
edge_sets = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20, unique=True).map(
    lambda found: np.unique(np.array(found, dtype=np.float64))
)
words = st.lists(st.sampled_from("abcdefgh"), max_size=40)


def counted(values: Floats, edges: Floats) -> Profile:
    """A one-column Profile."""
    tally = NumberTally(edges)
    tally.add(values)
    return Profile(len(values), (Column("x", "double", Kind.NUMERIC, numbers=tally.result()),))


def integers(profile: Profile) -> tuple[object, ...]:
    """What must not differ by a bit."""
    found = profile.columns[0].numbers
    assert found is not None
    return (profile.rows, found.counts.tolist(), found.nan, found.plus_inf, found.minus_inf, found.low, found.high)


@given(samples, edge_sets)
def test_a_value_is_in_the_bin_that_a_search_finds(values: Floats, edges: Floats) -> None:
    """The lookup table agrees with `numpy.searchsorted` on every double, on the edges and beside them."""
    table = Binning(edges, most_searched=0)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        near = np.concatenate((values, edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)))
        near = near[np.isfinite(near)][:BATCH]
        differences = near - table.origin
        found = table.bins(near, differences, float(differences.max(initial=-np.inf)))
    assert found.tolist() == np.searchsorted(edges, near, side="right").tolist()


@pytest.mark.parametrize(("offset", "rel"), [(0.0, 1e-12), (1e9, 1e-9), (-1e9, 1e-9), (1.7e15, 1e-5)])
@pytest.mark.parametrize("rows", [1_000, BATCH + 1_000])
def test_the_deviation_of_values_far_from_the_bins_keeps_its_digits(offset: float, rel: float, rows: int) -> None:
    """Over bins around 0 the squares of values anywhere are those of exact arithmetic, as far as a mean is a double."""
    draw = np.random.default_rng(4)
    values = offset + draw.normal(size=rows) * 100
    tally = NumberTally(np.sort(draw.normal(size=300)))
    tally.add(values)
    found, exact = tally.result(), [Fraction(value) for value in values]
    mean = sum(exact) / rows
    assert found.mean == pytest.approx(float(mean), rel=1e-15)
    assert found.squares == pytest.approx(float(sum((value - mean) ** 2 for value in exact)), rel=rel)


def test_a_deviation_that_overflows_is_not_known() -> None:
    """Of values whose squares no double holds there is no deviation, rather than an infinite one that hides a drift."""
    values = np.random.default_rng(4).normal(size=100) * 1e200
    tally = NumberTally(np.array([0.0]))
    tally.add(values)
    for found in (tally.result(), *atoms_of(values, values)):
        assert found.squares is None


@pytest.mark.parametrize("rows", [10, 30, 100, 1_100])
def test_a_tenth_is_what_a_limit_of_a_tenth_is(rows: int) -> None:
    """The greatest distance is rounded once: of whole numbers of rows it is the double nearest to their ratio."""
    values = np.arange(rows, dtype=np.float64)
    moved = np.concatenate((values[rows // 10 :], np.arange(rows, rows + rows // 10)))
    assert ks(gap_of(*atoms_of(values, moved))).value == 0.1


@given(samples, edge_sets, st.randoms(use_true_random=False), st.integers(1, 7))
def test_order_and_batches_do_not_change_an_integer(values: Floats, edges: Floats, draw: object, size: int) -> None:
    """Rows in another order, in pieces of any size, give the same counts."""
    shuffled = values.copy()
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    parts = [counted(shuffled[start : start + size], edges) for start in range(0, len(values), size)]
    whole = counted(values, edges)
    assert integers(merge(*parts) if parts else whole) == integers(whole)


@given(st.tuples(samples, samples, samples), edge_sets)
def test_merging_is_associative_and_commutative(three: tuple[Floats, Floats, Floats], edges: Floats) -> None:
    """In whatever order parts are merged, the integers are the same."""
    a, b, c = (counted(values, edges) for values in three)
    assert integers(merge(merge(a, b), c)) == integers(merge(a, merge(b, c))) == integers(merge(c, b, a))


@given(st.tuples(words, words, words))
def test_words_merge_in_any_order(three: tuple[list[str], list[str], list[str]]) -> None:
    """Known and unknown words add up alike whatever the order."""

    def profile(found: list[str]) -> Profile:
        tally = WordTally(["a", "b"])
        tally.add(found, [1] * len(found))
        return Profile(len(found), (Column("w", "string", Kind.CATEGORICAL, categories=tally.result()),))

    a, b, c = (profile(found) for found in three)
    merged = merge(merge(a, b), c)
    assert merged == merge(a, merge(b, c)) == merge(c, b, a)
    assert merged.columns[0].categories == profile(three[0] + three[1] + three[2]).columns[0].categories


@given(samples, edge_sets)
def test_a_profile_comes_back_from_json_to_the_last_bit(values: Floats, edges: Floats) -> None:
    """Writing and reading changes nothing."""
    profile = counted(values, edges)
    assert from_json(to_json(profile)) == profile


@given(finite, finite)
def test_equal_samples_are_zero_apart_and_order_does_not_matter(a: Floats, b: Floats) -> None:
    """KS and Wasserstein are 0 on equal input, symmetric, and positive on unequal input."""
    for distance in (ks, wasserstein):
        assert distance(gap_of(*atoms_of(a, a))).value == 0
        there, back = (distance(gap_of(*atoms_of(*pair))).value for pair in ((a, b), (b, a)))
        assert there == pytest.approx(back, rel=1e-9, abs=1e-12)
        assert there >= 0


@given(arrays(np.int64, 6, elements=st.integers(0, 1000)), arrays(np.int64, 6, elements=st.integers(0, 1000)))
def test_divergences_are_zero_on_equal_shares_and_symmetric(a: np.ndarray, b: np.ndarray) -> None:
    """PSI and Jensen-Shannon's distance do not know which side is the baseline."""
    a[0] += 1
    b[0] += 1
    for distance in (psi, js):
        assert distance(shares_of_counts(a, a)).value == 0
        there, back = distance(shares_of_counts(a, b)).value, distance(shares_of_counts(b, a)).value
        assert there == pytest.approx(back, rel=1e-9, abs=1e-12)
        assert there >= 0


@given(finite)
@settings(max_examples=50)
def test_mean_and_variance_are_numpys(values: Floats) -> None:
    """However the values came, mean and standard deviation are those of all of them."""
    found = counted(values, np.array([0.0])).columns[0].numbers
    assert found is not None
    assert found.mean == pytest.approx(values.mean(), rel=1e-9, abs=1e-9)
    assert found.deviation == pytest.approx(values.std(), rel=1e-6, abs=1e-6 * max(1.0, math.fabs(values.mean())))


def test_profiles_of_different_bins_are_not_merged() -> None:
    """The refusal names the option that makes equal bins."""
    a, b = counted(np.array([1.0]), np.array([0.0])), counted(np.array([1.0]), np.array([0.5]))
    with pytest.raises(BadBaseline, match="--like"):
        merge(a, b)
