"""What is said beside the distances: values out of range, constant columns, categories that came and went."""

import math

import numpy as np
import pytest
from nephoscope.drift.compare import compare
from nephoscope.drift.edges import edges_of
from nephoscope.drift.limits import DriftLimits, Rules
from nephoscope.drift.profile import Categories, Column, Floats, Kind, Numbers, Profile, merge
from nephoscope.drift.tally import NumberTally, Vocabulary, WordTally
from nephoscope.findings import Finding, Verdict

GREATEST = math.nextafter(math.inf, 0)


def counted(values: Floats, *, like: Profile | None = None, kind: Kind = Kind.NUMERIC) -> Profile:
    """A Profile of one column of numbers, over its own 64 bins or another one's."""
    tally = NumberTally(
        edges(like) if like else edges_of(values, 64, low=float(values.min()), high=float(values.max()))
    )
    tally.add(values)
    return Profile(rows=len(values), columns=(Column("x", "double", kind, numbers=tally.result()),))


def edges(profile: Profile) -> Floats:
    """Those of its one column."""
    numbers = profile.columns[0].numbers
    assert isinstance(numbers, Numbers)
    return numbers.edges


def worded(categories: Categories) -> Profile:
    """A Profile of one column of words."""
    rows = sum(categories.known.values()) + categories.unseen_rows
    return Profile(rows=rows, columns=(Column("x", "string", Kind.CATEGORICAL, categories=categories),))


def said(check: str, baseline: Profile, window: Profile) -> Finding:
    """The one Finding of a check."""
    findings = compare(baseline, window, DriftLimits(rules=Rules()), dataset="d")
    (one,) = [finding for finding in findings if finding.check == f"drift.{check}"]
    return one


def uniform(low: float, high: float) -> Floats:
    """So many values at equal steps, both ends included."""
    return np.linspace(low, high, 2_000)


def of_two_months() -> Profile:
    """Values from 0 to 200, the later half beyond the bins of the first."""
    january = counted(uniform(0, 100))
    return merge(january, counted(uniform(100, 200), like=january))


def test_the_range_of_a_merged_baseline_is_that_of_all_its_parts() -> None:
    """Values of a later part, beyond the bins of the first one, are not out of range."""
    baseline = of_two_months()

    finding = said("out_of_range", baseline, counted(uniform(0, 200), like=baseline))

    assert finding.verdict is Verdict.OK
    assert finding.reason.startswith("0 of 2,000 values lie outside the baseline's range")


def test_what_bins_cannot_tell_of_a_range_is_unknown() -> None:
    """Where the range ends within a bin, a window that reaches beyond it is neither a breach nor fine."""
    baseline = of_two_months()

    finding = said("out_of_range", baseline, counted(uniform(0, 201), like=baseline))

    assert finding.verdict is Verdict.UNKNOWN
    assert finding.reason.startswith("1 to 1,005 of 2,000 values lie outside the baseline's range")


def test_values_far_out_are_seen_over_the_windows_own_bins() -> None:
    """A baseline that was counted over the bins of the window has its range all the same."""
    values = np.append(uniform(0, 1), np.full(100, 1e6))
    window = counted(values)
    baseline = counted(uniform(0, 1), like=window)

    finding = said("out_of_range", baseline, window)

    assert finding.verdict is Verdict.BREACH
    assert finding.value == pytest.approx(100 / 2_100)


def test_the_greatest_double_is_in_the_range_that_it_ends() -> None:
    """A sentinel above which no edge can lie is in range where the baseline has it."""
    values = np.where(np.arange(2_000) % 20 == 0, GREATEST, uniform(0, 1))
    baseline = counted(values)

    assert said("out_of_range", baseline, baseline).value == 0


@pytest.mark.parametrize("kind", [Kind.NUMERIC, Kind.TIME])
def test_a_column_frozen_within_a_bin_is_constant(kind: Kind) -> None:
    """Values that are all the same are a breach however wide their bin is, for times as for numbers."""
    baseline = counted(uniform(0, 1), kind=kind)

    frozen = said("constant", baseline, counted(np.full(2_000, 0.51234), like=baseline, kind=kind))

    assert frozen.verdict is Verdict.BREACH
    assert (
        said("constant", baseline, counted(np.repeat([0.51234, 0.51235], 1_000), like=baseline, kind=kind)).value == 0
    )


def test_categories_under_differing_salts_are_not_compared() -> None:
    """One Profile's words and another's hashes are no new and no vanished categories: nobody can tell."""
    words = [f"w{n}" for n in range(101)]
    plain, hashed = WordTally(words), WordTally([], salt="")
    for tally in (plain, hashed):
        tally.add(words, [50] * 101)

    for check in ("new_categories", "vanished_categories"):
        finding = said(check, worded(plain.result()), worded(hashed.result()))
        assert finding.verdict is Verdict.UNKNOWN
        assert "hashed with another salt" in finding.reason


def test_categories_that_new_ones_pushed_out_are_not_gone() -> None:
    """Of 12,000 categories that all came as often as ever none is gone because of a few new ones beside them."""
    words = [f"user{n}" for n in range(12_120)]
    vocabulary = Vocabulary()
    vocabulary.add(words[:12_000], [60] * 12_000)
    before = vocabulary.counted(salt="").result()
    after, less = WordTally(before.known, salt=""), WordTally(before.known, salt="")
    after.add(words, [60] * 12_120)
    less.add(words[:6_000], [60] * 6_000)

    fine = said("vanished_categories", worded(before), worded(after.result()))
    assert fine.verdict is Verdict.OK
    assert fine.reason.startswith("0 categories are gone")
    assert said("vanished_categories", worded(before), worded(less.result())).verdict is Verdict.BREACH


@pytest.mark.parametrize("counts", [{"true": 1}, {"true": 2, "false": 1}])
def test_truth_values_are_categories_however_few_there_are(counts: dict[str, int]) -> None:
    """A boolean column with three values is no text, as a column of three words would be."""
    truth, names = Vocabulary(), Vocabulary()
    truth.add(list(counts), list(counts.values()))
    names.add(["ann", "bob"], [2, 1])

    assert not truth.is_text
    assert names.is_text
