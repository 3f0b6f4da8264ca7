"""Time intervals: when a route is silent, and until when, against a scan of every minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nephoscope.alerts.intervals import (
    MONTHS,
    WEEKDAYS,
    Interval,
    lasts,
    muted_until,
    number_range,
    time_range,
)

MINUTE = timedelta(minutes=1)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]).map(ZoneInfo)
minutes = st.integers(0, 24 * 4).map(lambda quarter: quarter * 15)
spans = st.tuples(minutes, minutes).filter(lambda two: two[0] < two[1])
ranges = st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda two: two[0] <= two[1])


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """One alternative of a time interval."""
    return Interval(
        times=tuple(draw(st.lists(spans, max_size=2))),
        weekdays=tuple(draw(st.lists(ranges, max_size=2))),
        zone=draw(zones),
    )


# A leap day, a year's end, and days on which clocks in Berlin, New York and Auckland change.
DAYS = ["2028-02-29", "2026-12-31", "2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-09-27"]


@settings(max_examples=60, deadline=None)
@given(st.lists(intervals(), min_size=1, max_size=3), st.sampled_from(DAYS), st.integers(0, 24 * 60 - 1), st.booleans())
def test_a_muted_route_speaks_again_at_the_first_minute_it_may(
    its: list[Interval], day: str, minute: int, mute: bool
) -> None:
    """As a scan of each minute finds it, over zones, leap days, year ends and changes of the clock."""
    now = datetime.fromisoformat(f"{day}T00:00:00+00:00") + minute * MINUTE
    until = muted_until(["its"] if mute else [], [] if mute else ["its"], {"its": its}, now=now)
    if until is None:
        assert lasts(its, now) is not mute
        return
    assert lasts(its, now) is mute
    scanned = next((at for n in range(1, 3 * 24 * 60) if lasts(its, at := now + n * MINUTE) is not mute), None)
    assert scanned is None or until == scanned


def test_a_route_of_two_zones_speaks_as_soon_as_either_lets_it() -> None:
    """Los Angeles' evening comes before the next morning of Sydney, whose date is one day ahead."""
    zones = {
        "sydney": (Interval(times=(time_range("09:00", "14:00"),), zone=ZoneInfo("Australia/Sydney")),),
        "la": (Interval(times=(time_range("20:00", "24:00"),), zone=ZoneInfo("America/Los_Angeles")),),
    }
    now = datetime(2026, 11, 24, 20, tzinfo=UTC)
    assert muted_until([], ["sydney", "la"], zones, now=now) == datetime(2026, 11, 24, 22, tzinfo=UTC)


def test_an_hour_is_neither_skipped_nor_doubled_in_a_leap_year() -> None:
    """An interval of one hour in UTC holds for exactly 366 hours of 2028."""
    hour = Interval(times=(time_range("02:00", "03:00"),))
    start = datetime(2028, 1, 1, tzinfo=UTC)
    assert sum(hour.holds(start + n * 60 * MINUTE) for n in range(366 * 24)) == 366


@pytest.mark.parametrize(
    ("interval", "at", "holds"),
    [
        (
            Interval(weekdays=(number_range("saturday:sunday", WEEKDAYS, low=0, high=6),)),
            "2026-11-28T12:00+00:00",
            True,
        ),
        (
            Interval(weekdays=(number_range("saturday:sunday", WEEKDAYS, low=0, high=6),)),
            "2026-11-27T12:00+00:00",
            False,
        ),
        (Interval(days_of_month=((-1, -1),)), "2028-02-29T12:00+00:00", True),
        (Interval(days_of_month=((-3, -1),)), "2026-11-27T12:00+00:00", False),
        (Interval(days_of_month=((1, -1),)), "2026-11-30T12:00+00:00", True),
        (Interval(months=(number_range("december", MONTHS, low=1, high=12),)), "2026-12-01T00:00+00:00", True),
        (Interval(years=((2027, 2028),)), "2026-12-31T23:59+00:00", False),
        (Interval(times=((0, 60),), zone=ZoneInfo("Europe/Berlin")), "2026-11-24T23:30+00:00", True),
    ],
)
def test_each_kind_of_bound_holds(interval: Interval, at: str, holds: bool) -> None:
    """Weekdays, days of the month from both ends, months, years, and times in a zone."""
    assert lasts([interval], datetime.fromisoformat(at)) is holds


@pytest.mark.parametrize("text", ["", "monday:funday", "friday:monday", "1:2:3", "32", "0:99", "--1"])
def test_what_is_no_range_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match="is no range"):
        number_range(text, WEEKDAYS, low=0, high=6)


@pytest.mark.parametrize(("start", "end"), [("09:00", "08:00"), ("9:00", "10:00"), ("00:00", "24:01"), ("", "24:00")])
def test_what_is_no_time_of_day_is_refused(start: str, end: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match="time of day"):
        time_range(start, end)


def test_a_route_confined_to_hours_speaks_in_them() -> None:
    """`active_time_intervals` is the other way round."""
    office = {"office": (Interval(times=(time_range("09:00", "17:00"),)),)}
    evening = datetime(2026, 11, 24, 20, tzinfo=UTC)
    assert muted_until([], ["office"], office, now=evening) == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert muted_until([], ["office"], office, now=evening - timedelta(hours=8)) is None


def test_a_mute_ends_with_the_hour_that_comes_twice() -> None:
    """Where the clocks go back from 03:00 to 02:00, what is muted from 02:30 may be told between the two."""
    muted = (Interval(times=(time_range("02:30", "03:00"),), zone=ZoneInfo("Europe/Berlin")),)
    now = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    assert muted_until(["night"], [], {"night": muted}, now=now) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
