"""Which periods are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.monitoring.query import complete, query

HOUR = timedelta(hours=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
YEARS = st.integers(0, 5 * 366 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))


def test_every_hour_of_a_leap_year_is_judged_once() -> None:
    """Over 366 days, through changes of clocks and a leap day, hourly runs leave out no hour and judge none twice."""
    first = datetime(2024, 1, 1, 0, 5, tzinfo=UTC)
    slots = [(first + n * HOUR).astimezone(ZoneInfo("Europe/Berlin")) for n in range(366 * 24)]

    windows = [complete(slot, lag=timedelta(minutes=2), period=HOUR, periods=1) for slot in slots]

    assert [window.start for window in windows] == [first.replace(minute=0) + (n - 1) * HOUR for n in range(366 * 24)]
    assert all(window.end - window.start == HOUR for window in windows)


@given(YEARS, st.integers(0, 3600), st.sampled_from([1, 5, 15, 60, 1440]), st.integers(1, 20))
def test_a_window_ends_where_the_data_is_complete(at: datetime, lag: int, minutes: int, periods: int) -> None:
    """No period is judged whose samples may still be on their way, and none that is older than it must be."""
    period = timedelta(minutes=minutes)
    window = complete(at, lag=timedelta(seconds=lag), period=period, periods=periods)

    assert window.end <= at - timedelta(seconds=lag) < window.end + period
    assert len(window.starts) == periods
    assert window.starts[0] == window.start
    assert (window.start - FIRST) % period == timedelta(0)


@given(YEARS, st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Apia"]))
def test_the_zone_that_a_time_is_told_in_means_nothing(at: datetime, zone: str) -> None:
    """The same instant asks for the same periods, whatever zone it is written in."""
    same = complete(at, lag=HOUR, period=HOUR, periods=3)

    assert complete(at.astimezone(ZoneInfo(zone)), lag=HOUR, period=HOUR, periods=3) == same


@pytest.mark.parametrize("labels", [{"b": "2", "a": "1"}, {"a": "1", "b": "2"}])
def test_the_order_of_labels_means_nothing(labels: dict[str, str]) -> None:
    """The same labels are the same question."""
    assert query("n", "x", labels) == query("n", "x", {"a": "1", "b": "2"})
