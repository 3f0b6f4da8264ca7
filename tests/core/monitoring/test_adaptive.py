"""A limit that adapts: what stands out from a metric's own past is a breach, for those who ask."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from nephoscope.findings import Direction, Verdict
from nephoscope.monitoring.adaptive import Adaptive
from nephoscope.monitoring.answer import Point, Series
from nephoscope.monitoring.query import Window, query
from nephoscope.monitoring.watch import Watch, judged

HOUR = timedelta(hours=1)
END = datetime(2026, 11, 24, 6, tzinfo=UTC)
WINDOW = Window(END - HOUR, END, HOUR)


def usual(at: datetime) -> float:
    """An accuracy with a daily rhythm and a little unrest of its own."""
    hours = (at - END) / HOUR
    return 0.9 + 0.02 * math.sin(hours / 24 * 2 * math.pi) + 0.004 * math.sin(hours * 1.7) * math.sin(hours * 0.31)


def past(hours: int = 28 * 24) -> Series:
    """What the metric showed in the last hours before the window."""
    starts = (WINDOW.start - n * HOUR for n in range(hours, 0, -1))
    return Series(tuple(Point(start, usual(start)) for start in starts))


def verdict(value: float, before: Series, direction: Direction = Direction.BETWEEN) -> Verdict:
    """The verdict of one hour's value."""
    asked = query("MLOps/Models", "Accuracy", {"ModelName": "m"})
    watch = Watch("m", "accuracy", "aws", asked, Adaptive(timedelta(days=28), direction), HOUR)
    finding = judged(watch, WINDOW, Series((Point(WINDOW.start, value),)), before)
    if finding.verdict is Verdict.BREACH:
        assert float(finding.evidence["score"]) >= 0.5
    return finding.verdict


@pytest.mark.parametrize(
    ("direction", "fall", "rise"),
    [
        (Direction.BETWEEN, Verdict.BREACH, Verdict.BREACH),
        (Direction.AT_LEAST, Verdict.BREACH, Verdict.OK),
        (Direction.AT_MOST, Verdict.OK, Verdict.BREACH),
    ],
)
def test_what_stands_out_breaches_on_the_side_that_matters(direction: Direction, fall: Verdict, rise: Verdict) -> None:
    """An hour like every other is good; one far off breaches, where falls or rises are what is watched for."""
    assert verdict(usual(WINDOW.start), past(), direction) is Verdict.OK
    assert verdict(0.6, past(), direction) is fall
    assert verdict(1.2, past(), direction) is rise


def test_a_short_past_teaches_nothing() -> None:
    """With fewer than 150 known periods nothing is ordinary yet: unknown, not good."""
    assert verdict(0.6, past(149)) is Verdict.UNKNOWN
    assert verdict(0.6, Series()) is Verdict.UNKNOWN


@pytest.mark.parametrize(("minutes", "learning"), [(1, 2_880), (5, 576), (15, 192), (60, 150), (1_440, 150)])
def test_while_the_anomaly_check_learns_nothing_is_good(minutes: int, learning: int) -> None:
    """It learns for two days; one period less is unknown, and with them a fall to nothing is a breach."""
    period = timedelta(minutes=minutes)
    window = Window(END - period, END, period)
    asked = query("MLOps/Models", "Accuracy", {"ModelName": "m"})
    watch = Watch("m", "accuracy", "aws", asked, Adaptive(timedelta(days=300), Direction.AT_LEAST), period)
    points = tuple(Point(window.start - n * period, usual(END - n * period)) for n in range(learning, 0, -1))
    fallen = Series((Point(window.start, 0.0),))
    assert judged(watch, window, fallen, Series(points[1:])).verdict is Verdict.UNKNOWN
    assert judged(watch, window, fallen, Series(points)).verdict is Verdict.BREACH


def test_a_past_in_longer_periods_is_no_past() -> None:
    """A store that only kept hours cannot teach what is usual for minutes."""
    longer = Series(past().points, period=timedelta(hours=6))

    assert verdict(0.9, longer) is Verdict.UNKNOWN
