"""What a metric store's answer means for a model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.findings import Direction, Limit, Verdict, at_least, at_most, between
from nephoscope.monitoring.answer import Fault, Lack, Point, Series, Unknown, failed, wrong_name
from nephoscope.monitoring.n_of_m import Patience
from nephoscope.monitoring.query import Window, query
from nephoscope.monitoring.reference import Reference
from nephoscope.monitoring.watch import Rule, Watch, judged

HOUR = timedelta(hours=1)
END = datetime(2026, 11, 24, 6, tzinfo=UTC)


def watch(rule: Rule = at_least(0.85), *, breaches: int = 1, of: int = 1) -> Watch:  # noqa: B008
    """The example's accuracy."""
    asked = query("MLOps/Models", "Accuracy", {"ModelName": "fraud_detection_v2"})
    return Watch("fraud_detection_v2", "accuracy", "aws", asked, rule, HOUR, Patience(breaches, of))


def window(periods: int = 1) -> Window:
    """The last periods before six o'clock."""
    return Window(END - periods * HOUR, END, HOUR)


def series(*values: float | None, before: int = 0) -> Series:
    """One value an hour, the last one for the hour before `END` less `before` hours; None leaves a gap."""
    start = END - (len(values) + before) * HOUR
    return Series(tuple(Point(start + n * HOUR, value) for n, value in enumerate(values) if value is not None))


def test_the_tutorials_model_below_its_threshold_is_a_breach() -> None:
    """An accuracy of 0.8 in the last hour is a breach of "at least 0.85", and says so with its numbers."""
    finding = judged(watch(), window(), series(0.8))

    assert finding.verdict is Verdict.BREACH
    assert finding.value == 0.8
    assert finding.subject == "fraud_detection_v2/accuracy"
    assert dict(finding.labels) == {"model": "fraud_detection_v2", "cloud": "aws"}
    assert finding.reason == "accuracy was 0.8 in the hour to 2026-11-24 06:00 UTC, at least 0.85 was expected."


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [(at_least(0.85), 0.85, 0.849), (at_most(250), 250, 251), (between(1, 2), 1, 2.5)],
)
def test_the_direction_says_where_good_values_lie(limit: Limit, good: float, bad: float) -> None:
    """Accuracy is good above its limit, latency below; a value on the limit is good."""
    assert judged(watch(limit), window(), series(good)).verdict is Verdict.OK
    assert judged(watch(limit), window(), series(bad)).verdict is Verdict.BREACH


def test_no_data_stale_and_a_failed_query_are_told_apart() -> None:
    """Three kinds of not knowing: never there, no longer there, and not told; none of them is good."""
    nothing = judged(watch(), window(), Series())
    stale = judged(watch(), window(), series(0.9, before=3))
    denied = judged(watch(), window(), failed(Fault.PERMISSION, "AccessDenied."))

    assert {each.verdict for each in (nothing, stale, denied)} == {Verdict.UNKNOWN}
    assert [each.evidence["why"] for each in (nothing, stale, denied)] == ["no_data", "stale", "query_failed"]
    assert stale.reason == "The newest value is of 2026-11-24 02:00 UTC, 4 hours before 2026-11-24 06:00 UTC."
    assert denied.evidence["fault"] == "permission"


def test_a_wrong_name_lists_the_nearest() -> None:
    """Whoever misspelt a metric reads what it is called."""
    finding = judged(watch(), window(), wrong_name("Acuracy", ["Accuracy", "Latency"]))

    assert finding.evidence["nearest"] == "Accuracy"
    assert "'Accuracy'" in finding.reason


def test_a_metric_without_a_rule_is_only_asked_whether_it_can_be_read() -> None:
    """A count of predictions is good whatever it is, and unknown where it is missing."""
    assert judged(watch(None), window(), series(1200.0)).verdict is Verdict.OK
    assert judged(watch(None), window(), Series()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_value(value: float) -> None:
    """NaN and infinities are unknown, whichever way they would compare."""
    for limit in (at_least(0.85), at_most(0.85)):
        assert judged(watch(limit), window(), series(value)).verdict is Verdict.UNKNOWN


VALUES = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=8)


@given(VALUES, st.data())
def test_a_missing_period_never_decides(values: list[float | None], data: st.DataObject) -> None:
    """Whatever the missing periods really were, a verdict of ok or breach would have been the same."""
    breaches = data.draw(st.integers(1, len(values)))
    several = watch(breaches=breaches, of=len(values))
    filled = [data.draw(st.floats(0, 1)) if value is None else value for value in values]

    known = judged(several, window(len(values)), series(*values)).verdict
    whole = judged(several, window(len(values)), series(*filled)).verdict

    assert known in (Verdict.UNKNOWN, whole)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_points_means_nothing(values: list[float | None], random: object) -> None:
    """A store may tell its points in any order."""
    told = list(series(*values).points)
    shuffled = sorted(told, key=lambda _: random.random())  # type: ignore[attr-defined]
    several = watch(of=len(values))

    assert judged(several, window(len(values)), Series(tuple(shuffled))) == judged(
        several, window(len(values)), Series(tuple(told))
    )


def test_a_breach_of_several_periods_is_told_with_its_count() -> None:
    """Three bad hours of five are a breach where three are needed, two are not."""
    three = judged(watch(breaches=3, of=5), window(5), series(0.8, 0.9, 0.8, 0.9, 0.7))
    two = judged(watch(breaches=3, of=5), window(5), series(0.9, 0.9, 0.8, 0.9, 0.7))

    assert (three.verdict, three.value) == (Verdict.BREACH, 0.7)
    assert "3 of the last 5 periods" in three.reason
    assert (two.verdict, two.value) == (Verdict.OK, 0.9)


PAST = Series(tuple(Point(END - n * HOUR, 0.9 + 0.01 * (n % 2)) for n in range(2, 50)))


@pytest.mark.parametrize(
    ("direction", "low", "high"),
    [
        (Direction.BETWEEN, Verdict.BREACH, Verdict.BREACH),
        (Direction.AT_LEAST, Verdict.BREACH, Verdict.OK),
        (Direction.AT_MOST, Verdict.OK, Verdict.BREACH),
    ],
)
def test_a_reference_takes_its_limit_from_the_past(direction: Direction, low: Verdict, high: Verdict) -> None:
    """A past of 0.9 to 0.91 makes 0.8 and 1.0 breaches on the sides that its direction names."""
    relative = watch(Reference(timedelta(days=2), 3.0, direction))

    assert judged(relative, window(), series(0.8), PAST).verdict is low
    assert judged(relative, window(), series(1.0), PAST).verdict is high
    assert judged(relative, window(), series(0.905), PAST).verdict is Verdict.OK


@pytest.mark.parametrize(
    "past", [None, Series(), Series(PAST.points[:9]), Unknown(Lack.QUERY_FAILED, "Timed out.", Fault.TIMEOUT)]
)
def test_without_a_past_a_reference_is_unknown(past: Series | Unknown | None) -> None:
    """A past that could not be read, or is too short, gives no limit: the finding is unknown, not good."""
    finding = judged(watch(Reference(timedelta(days=2))), window(), series(0.9), past)

    assert finding.verdict is Verdict.UNKNOWN
    assert finding.reason


def test_a_past_that_never_moved_forgives_rounding() -> None:
    """A constant past has no spread; a value that differs in the last digit is no breach, one that moved is."""
    flat = Series(tuple(Point(point.at, 0.9) for point in PAST.points))
    relative = watch(Reference(timedelta(days=2)))

    assert judged(relative, window(), series(0.9 + 1e-13), flat).verdict is Verdict.OK
    assert judged(relative, window(), series(0.91), flat).verdict is Verdict.BREACH
