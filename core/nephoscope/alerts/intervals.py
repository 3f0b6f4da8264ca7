"""
Time intervals in Alertmanager's form: times of day, weekdays, days of the month, months and years, in a zone.

An empty list of one kind sets no bound; all kinds that are given must hold. A time of day is "HH:MM" with its end
exclusive; "24:00" is the end of a day. A range is "monday:friday", "1:15", "-3:-1", "january:march", "2026:2027";
negative days count from the month's end.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from itertools import chain
from typing import TypeAlias
from zoneinfo import ZoneInfo

Range: TypeAlias = tuple[int, int]  # both inclusive

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
LOOK_AHEAD = timedelta(days=400)
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Interval:
    """One of the alternatives of a time interval."""

    times: tuple[Range, ...] = ()  # minutes since midnight, the end exclusive
    weekdays: tuple[Range, ...] = ()  # Monday is 0
    days_of_month: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def holds(self, at: datetime) -> bool:
        """Whether a time lies in it."""
        there = at.astimezone(self.zone)
        minute = there.hour * 60 + there.minute
        return self._day(there.date()) and (not self.times or any(low <= minute < high for low, high in self.times))

    def _day(self, day: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        days = [tuple(n if n > 0 else length + 1 + n for n in bounds) for bounds in self.days_of_month]
        return (
            _within(day.weekday(), self.weekdays)
            and _within(day.day, days)
            and _within(day.month, self.months)
            and _within(day.year, self.years)
        )

    def edges(self, day: date) -> list[datetime]:
        """The times of a day in its zone at which it may begin or end, in order."""
        minutes = {0, *(minute for bounds in self.times for minute in bounds if minute < 24 * 60)}
        edges = [datetime.combine(day, time(m // 60, m % 60), self.zone).astimezone(UTC) for m in sorted(minutes)]
        begins, ends = (datetime.combine(day + timedelta(days=n), time(), self.zone) for n in (0, 1))
        if begins.utcoffset() != ends.utcoffset():  # the clocks are changed: an hour comes twice, or not at all
            edges += [at for n in range(51) if (at := begins.astimezone(UTC) + n * HALF_AN_HOUR) < ends.astimezone(UTC)]
        return sorted(edges)


def _within(value: int, ranges: Sequence[Sequence[int]]) -> bool:
    return not ranges or any(low <= value <= high for low, high in ranges)


def lasts(intervals: Sequence[Interval], at: datetime) -> bool:
    """Whether one of the alternatives holds."""
    return any(interval.holds(at) for interval in intervals)


def muted_until(
    mute: Sequence[str], active: Sequence[str], named: Mapping[str, Sequence[Interval]], *, now: datetime
) -> datetime | None:
    """
    When a route may speak again; None where it may speak now.

    Args:
        mute: Names of the intervals in which it is silent.
        active: Names of the intervals to which it is confined; none means always.
        named: What the names stand for.
        now: The time; looked ahead are 400 days.
    """

    def muted(at: datetime) -> bool:
        inside = any(lasts(named[name], at) for name in mute)
        return inside or (bool(active) and not any(lasts(named[name], at) for name in active))

    if not muted(now):
        return None
    watched = [interval for name in (*mute, *active) for interval in named[name]]
    days = [now.date() + timedelta(days=n) for n in range(-1, LOOK_AHEAD.days)]
    # In one order over all zones: a day of one begins before the same day of another one ends.
    edges = merge(*(chain.from_iterable(map(interval.edges, days)) for interval in watched))
    return next((edge for edge in edges if edge > now and not muted(edge)), now + LOOK_AHEAD)


def time_range(start: str, end: str) -> Range:
    """
    Read two times of day.

    Raises:
        ValueError: They are none, or in the wrong order.

    >>> time_range("09:00", "24:00")
    (540, 1440)
    """
    low, high = (_minute(text) for text in (start, end))
    if not low < high:
        raise ValueError(f"a time of day ends after it starts, not from {start} to {end}")
    return low, high


def _minute(text: str) -> int:
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)", text)
    if found is None:
        raise ValueError(f"'{text}' is no time of day such as 09:00 or 24:00")
    hour, minute = (int(group) for group in found.groups() if group is not None)
    return hour * 60 + minute


def number_range(text: str, names: Sequence[str] = (), *, low: int, high: int) -> Range:
    """
    Read "monday:friday", "1:15", "-3:-1" or one value alone.

    Args:
        text: What is written.
        names: Names that stand for `low`, `low + 1` and so on.
        low: The least number allowed, and what the first name stands for.
        high: The greatest number allowed.

    Raises:
        ValueError: It is none, or out of bounds.

    >>> number_range("monday:friday", WEEKDAYS, low=0, high=6), number_range("-3:-1", low=-31, high=31)
    ((0, 4), (-3, -1))
    """
    parts = text.lower().split(":")
    values = [low + names.index(part) if part in names else _number(part, text) for part in parts]
    first, last = values[0], values[-1]
    in_order = first <= last or (first > 0 > last)
    if len(values) > 2 or not all(low <= value <= high for value in values) or not in_order:
        raise ValueError(f"'{text}' is no range from {names[0] if names else low} to {names[-1] if names else high}")
    return first, last


def _number(part: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,4}", part):
        raise ValueError(f"'{text}' is no range such as 1:5")
    return int(part)
