"""A verdict has three states, and nothing turns what is missing into "ok"."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.findings import (
    Finding,
    Limit,
    Verdict,
    at_least,
    at_most,
    between,
    judge,
    measured,
    unknown,
    worst,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(NUMBERS, NUMBERS)
def test_a_one_sided_limit_splits_the_line(value: float, bound: float) -> None:
    """Below is ok for at_most and a breach for at_least; equality is ok for both."""
    assert (judge(value, at_most(bound)) is Verdict.OK) is (value <= bound)
    assert (judge(value, at_least(bound)) is Verdict.OK) is (value >= bound)


@given(NUMBERS, st.tuples(NUMBERS, NUMBERS).map(sorted))
def test_between_holds_both_sides(value: float, bounds: list[float]) -> None:
    """A value is ok exactly between the two bounds."""
    low, high = bounds
    assert (judge(value, between(low, high)) is Verdict.OK) is (low <= value <= high)


def test_equality_is_judged_as_the_limit_says() -> None:
    """`at_limit` decides, for numbers and for money."""
    assert judge(0.1, at_most(0.1, at_limit=Verdict.BREACH)) is Verdict.BREACH
    assert judge(Decimal("1000.00"), at_most(1000)) is Verdict.OK
    assert judge(Decimal("1000.01"), at_most(1000)) is Verdict.BREACH


@pytest.mark.parametrize("value", [None, math.nan, Decimal("NaN")])
def test_what_is_missing_is_unknown(value: float | Decimal | None) -> None:
    """No value and NaN are never ok."""
    for limit in (at_most(0.1), at_least(0.1), between(0, 1)):
        assert judge(value, limit) is Verdict.UNKNOWN


def test_a_measured_nan_becomes_unknown_and_keeps_its_reason() -> None:
    """The Finding says why, and carries no number."""
    finding = measured("drift.ks", "t/c", math.nan, at_most(0.1), reason="every value is null")
    assert (finding.verdict, finding.value, finding.reason) == (Verdict.UNKNOWN, None, "every value is null")


def test_a_finding_refuses_to_call_nan_ok() -> None:
    """Neither ok nor unknown may carry a value that is not finite."""
    for verdict in (Verdict.OK, Verdict.UNKNOWN):
        with pytest.raises(ValueError, match="nan"):
            Finding("c", "s", verdict, "r", value=math.nan)


def test_an_unknown_finding_needs_a_reason() -> None:
    """Whoever could not look has to say why."""
    with pytest.raises(ValueError, match="without a reason"):
        unknown("c", "s", reason="")


@pytest.mark.parametrize(
    ("low", "high", "direction"),
    [(None, 1.0, "at_least"), (1.0, None, "at_most"), (1.0, None, "between"), (math.nan, None, "at_least")],
)
def test_a_limit_without_its_bound_is_refused(low: float | None, high: float | None, direction: str) -> None:
    """A limit that nothing could breach cannot be made."""
    with pytest.raises(ValueError, match="limit"):
        Limit(direction, low=low, high=high)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(Verdict)))
def test_breach_goes_before_unknown_before_ok(verdicts: list[Verdict]) -> None:
    """The worst of many is a breach if there is one, else unknown if there is one."""
    expected = (
        Verdict.BREACH if Verdict.BREACH in verdicts else Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.OK
    )
    assert worst(verdicts) is expected
