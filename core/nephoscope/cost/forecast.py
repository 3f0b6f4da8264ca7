"""
What a month will have cost at its end, with an interval.

The days still to come are expected at the recent level of their weekday, and its drift where six weeks of days show one
beyond their noise. How far such sums have been off is tried on the history itself: the same forecast is made from each
earlier day for as many days, and the interval is as wide as those errors and the noise of single days, with what is not
known of the drift, make it, in the mean of their variances.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from operator import mul
from statistics import fmean, median

from nephoscope.cost.money import total
from nephoscope.cost.month import Month
from nephoscope.cost.month import days as days_between

LEVEL_DAYS = 42
HALF_LIFE_DAYS = 14
LEAST_DAYS = 14
BEFORE_DAYS = 5  # how long before a month its history may end: charges come late
LEAST_TRIALS = 5
DRIFT_ERRORS = 2.0  # how many of its standard errors a drift must exceed: noise has none
T_80 = 1.313  # Student's quantile at 0.9 with 28 degrees of freedom


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's cost at its end: what is known, what is expected of it all, and where it will be four times of five."""

    spent: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    days_left: int


def month_end(days: Mapping[date, Decimal], last: date, month: Month | None = None) -> Forecast | None:
    """
    Forecast a month's cost.

    Args:
        days: Cost by day, at least the 14 days up to `last`; days that are not there are not known.
        last: The last complete day.
        month: The month; that of `last` when absent.

    Returns:
        None where the history is too short to say, or ends days before the month.

    >>> flat = {date(2026, 4, 20) + timedelta(n): Decimal(10) for n in range(26)}
    >>> found = month_end(flat, date(2026, 5, 15))
    >>> str(found.spent), str(found.expected), found.days_left
    ('150', '310.00', 16)
    """
    history = sorted(day for day in days if day <= last)
    if len(history) < LEAST_DAYS:
        return None
    month = month or Month(last.replace(day=1))
    if (month.first - last).days > BEFORE_DAYS or last >= month.end:
        return None
    ahead = days_between(max(month.first, last + timedelta(days=1)), month.end)
    spent = total(days[day] for day in history if day >= month.first)
    values = {day: float(days[day]) for day in history}
    usual = _without_month_starts(values)
    factors = _weekday_factors(usual)
    rest = _ahead(usual, factors, last, ahead) + (_on_a_first(values, usual) if month.first > last else 0.0)
    deviation = _deviation(usual, factors, last, len(ahead))
    expected = spent + _cents(rest)
    half = _cents(T_80 * deviation)
    return Forecast(spent, expected, max(spent, expected - half), expected + half, len(ahead))


def _on_a_first(values: Mapping[date, float], usual: Mapping[date, float]) -> float:
    """What the newest first of a month cost beyond a usual day."""
    firsts = [day for day in values if day.day == 1]
    return values[max(firsts)] - usual[max(firsts)] if firsts else 0.0


def _without_month_starts(values: Mapping[date, float]) -> dict[date, float]:
    """Put the same weekday's median for a first of a month: what is charged once a month is not a day's level."""
    usual = dict(values)
    for day in values:
        if day.day == 1:
            same = [amount for other, amount in values.items() if other.weekday() == day.weekday() and other.day != 1]
            usual[day] = median(same) if same else values[day]
    return usual


def _weekday_factors(values: Mapping[date, float]) -> Sequence[float]:
    """How much each weekday costs of the mean day."""
    means = [median([v for day, v in values.items() if day.weekday() == weekday] or [0.0]) for weekday in range(7)]
    mean = fmean(means)
    return [1.0] * 7 if mean <= 0 else [value / mean for value in means]


@dataclass(frozen=True, slots=True)
class _Level:
    """The recent level, and how it drifts where that stands out of the noise."""

    mean: float
    since: float  # how many days before the last one the mean lies
    slope: float  # a day; 0 where there is none
    error: float  # the slope's standard error; 0 where there is none

    def at(self, ahead: int) -> float:
        """The level some days ahead of the last one."""
        return max(0.0, self.mean + self.slope * (self.since + ahead))


def _level(values: Mapping[date, float], factors: Sequence[float], last: date) -> _Level:
    """Fit a line through the recent days, freed of their weekdays; later days weigh more."""
    recent = [
        (day, value, factors[day.weekday()])
        for day, value in values.items()
        if 0 <= (last - day).days < LEVEL_DAYS and factors[day.weekday()] > 0
    ]
    weights = [0.5 ** ((last - day).days / HALF_LIFE_DAYS) * factor for day, _, factor in recent]
    whole = math.fsum(weights)
    if whole <= 0:
        return _Level(0.0, 0.0, 0.0, 0.0)
    times = [-(last - day).days for day, _, _ in recent]
    levels = [value / factor for _, value, factor in recent]
    time = math.fsum(map(mul, weights, times)) / whole
    mean = math.fsum(map(mul, weights, levels)) / whole
    spread = math.fsum(weight * (at - time) ** 2 for weight, at in zip(weights, times, strict=True))
    if spread <= 0 or len(recent) < LEAST_DAYS:
        return _Level(mean, -time, 0.0, 0.0)
    slope = (
        math.fsum(w * (at - time) * (level - mean) for w, at, level in zip(weights, times, levels, strict=True))
        / spread
    )
    left = [level - mean - slope * (at - time) for at, level in zip(times, levels, strict=True)]
    variance = math.fsum(one * one for one in left) / (len(left) - 2) * _persistence(left)
    squares = math.fsum((w * (at - time)) ** 2 for w, at in zip(weights, times, strict=True))
    error = math.sqrt(variance * squares) / spread
    if abs(slope) <= DRIFT_ERRORS * error:
        return _Level(mean, -time, 0.0, 0.0)
    return _Level(mean, -time, slope, error)


def _ahead(values: Mapping[date, float], factors: Sequence[float], last: date, days: Sequence[date]) -> float:
    """The sum of days ahead, at the recent level of their weekdays and its drift."""
    level = _level(values, factors, last)
    return math.fsum(factors[day.weekday()] * level.at((day - last).days) for day in days)


def _deviation(values: Mapping[date, float], factors: Sequence[float], last: date, ahead: int) -> float:
    """The standard deviation of a sum of days ahead, by the noise of days and by trying it on the history."""
    if not ahead:
        return 0.0
    noise = [
        values[day] - _ahead(values, factors, day - timedelta(days=1), [day]) for day in sorted(values)[LEAST_DAYS:]
    ]
    unsure = 0.1 * _ahead(values, factors, last, [last])
    variance = fmean([error * error for error in noise]) if noise else unsure * unsure
    level = _level(values, factors, last)
    by_drift = level.error * ahead * (level.since + ahead / 2)
    by_noise = variance * _persistence(noise) * (ahead + 1.5 * ahead * ahead / LEVEL_DAYS) + by_drift * by_drift
    tried = _tried(values, factors, ahead)
    by_trial = fmean([error * error for error in tried]) if len(tried) >= LEAST_TRIALS else by_noise
    return math.sqrt((by_noise + by_trial) / 2)


def _persistence(noise: Sequence[float]) -> float:
    """How much wider than independent noise a sum spreads, by the noise's lag-one correlation: (1 + r) / (1 - r)."""
    if len(noise) < LEAST_DAYS:
        return 1.0
    own = math.fsum(error * error for error in noise)
    lagged = math.fsum(one * other for one, other in pairwise(noise))
    correlation = min(0.8, max(0.0, lagged / own)) if own > 0 else 0.0
    return (1 + correlation) / (1 - correlation)


def _tried(values: Mapping[date, float], factors: Sequence[float], ahead: int) -> list[float]:
    """The errors of the same forecast from each earlier day."""
    days = sorted(values)
    errors = []
    for index in range(LEAST_DAYS - 1, len(days) - ahead):
        window = days[index + 1 : index + 1 + ahead]
        errors.append(math.fsum(values[day] for day in window) - _ahead(values, factors, days[index], window))
    return errors


def _cents(value: float) -> Decimal:
    return Decimal(str(round(value, 2))).quantize(Decimal("0.01"))
