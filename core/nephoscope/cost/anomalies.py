"""
Anomalies of daily cost: what stands out, since when, by how much money, and who drives it.

The check is the suite's own (`nephoscope.series`), with a week as its season. What it is shown here is amortised usage:
no purchases, no corrections, no day that is not complete. The first of a month is shown only where it is not what
earlier firsts were, because monthly charges fall on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from nephoscope.cost.anomaly import Anomaly, AnomalyLimits, Driver
from nephoscope.cost.daily import LEAST_DAYS, DailySeries, series, usage
from nephoscope.cost.lines import Line
from nephoscope.series.anomalies import SeriesAnomaly, anomalies, carried_forward, expectations
from nephoscope.series.discord import Floats

WEEK = 7
DAY_SECONDS = 86_400.0
DRIVERS = 3
LEAST_SHARE = Decimal("0.05")  # of what the days cost: less drives nothing


DEFAULT = AnomalyLimits()


def cost_anomalies(
    daily: Sequence[Line],
    limits: AnomalyLimits = DEFAULT,
    *,
    tagged: Mapping[str, Sequence[Line]] = MappingProxyType({}),
    by_account: Sequence[Line] = (),
) -> list[Anomaly]:
    """
    Find what stands out in daily usage, by service, by account, by tag and by provider.

    Args:
        daily: Usage by day, service and account.
        limits: What is too little to tell.
        tagged: By tag key, charges by day and service that tell its values; each key is looked at by itself.
        by_account: The usage again, of providers whose `daily` tells no account.

    Returns:
        Anomalies by their start. One that an anomaly of finer keys explains is left out.
    """
    accounts = (*daily, *by_account)
    parts = series(accounts, ("service", "account"))
    found: list[Anomaly] = []
    for by, lines in (("service", daily), ("account", accounts)):
        found += _unexplained(series(lines, (by,)), parts, limits, found)
    for tag, lines in tagged.items():
        by_value = usage(lines)
        services = series(by_value, ("service",), tag=tag)
        for one in series(by_value, (), tag=tag):
            found += in_series(one, [part for part in services if set(one.keys) <= set(part.keys)], limits)
    found += _unexplained(series(daily, ()), series(daily, ("service",)), limits, found)
    return sorted(found, key=lambda anomaly: (anomaly.start, sorted(anomaly.keys.items())))


def _unexplained(
    whole: Sequence[DailySeries], parts: Sequence[DailySeries], limits: AnomalyLimits, found: Sequence[Anomaly]
) -> list[Anomaly]:
    candidates = [
        anomaly
        for one in whole
        for anomaly in in_series(one, [part for part in parts if set(one.keys) <= set(part.keys)], limits)
    ]
    return [anomaly for anomaly in candidates if not any(_explains(other, anomaly) for other in found)]


def _explains(finer: Anomaly, anomaly: Anomaly) -> bool:
    same = finer.keys["provider"] == anomaly.keys["provider"] and finer.currency == anomaly.currency
    overlap = finer.start <= anomaly.end and anomaly.start <= finer.end
    return same and overlap and abs(finer.impact) * 2 >= abs(anomaly.impact)


def _values(one: DailySeries) -> Floats:
    """The amounts as numbers, NaN where one is missing: to look at, never to add."""
    return np.array([np.nan if amount is None else float(amount) for amount in one.amounts])


def in_series(one: DailySeries, parts: Sequence[DailySeries], limits: AnomalyLimits) -> list[Anomaly]:
    """Find what stands out in one series, and which of its parts drive it."""
    values = _values(one)
    if len(values) < LEAST_DAYS:
        return []
    shown = without_month_starts(one)
    seconds = np.arange(len(values), dtype=np.float64) * DAY_SECONDS
    usual = expectations(carried_forward(shown), WEEK)
    found: list[Anomaly] = []
    for stretch in anomalies(seconds, shown, season=WEEK).anomalies:
        anomaly = _anomaly(one, stretch, usual, parts)
        if _is_worth_telling(anomaly, one, limits) and not any(_goes_on(earlier, anomaly) for earlier in found):
            found.append(anomaly)
    return found


def _goes_on(earlier: Anomaly, anomaly: Anomaly) -> bool:
    """Whether an anomaly is only the continuation of a lasting one."""
    return anomaly.start <= earlier.end and (anomaly.impact > 0) is (earlier.impact > 0)


def without_month_starts(one: DailySeries) -> Floats:
    """
    Show the firsts of months as the day before them, as long as they are what earlier firsts were.

    The first that is seen teaches only; a later one is shown when it exceeds twice what an earlier one added.
    """
    values, most = _values(one), 0.0
    shown = values.copy()
    for index in range(1, len(values)):
        if one.day(index).day != 1 or np.isnan(values[index]):
            continue
        added = abs(values[index] - shown[index - 1])
        if most == 0.0 or added <= 2 * most:
            shown[index] = shown[index - 1]
        most = max(most, added)
    return shown


def _anomaly(one: DailySeries, found: SeriesAnomaly, usual: Floats, parts: Sequence[DailySeries]) -> Anomaly:
    start, end = _days(_values(one), usual, found)
    expected = _money(float(np.nansum(usual[start : end + 1])))
    actual = one.sum(start, end)
    kind = found.kind if found.kind != "shape" else "spike" if actual > expected else "drop"
    drivers = _drivers(one, parts, start, end, rising=actual > expected)
    return Anomaly(dict(one.keys), kind, one.day(start), one.day(end), expected, actual, one.currency, drivers)


def _days(values: Floats, usual: Floats, found: SeriesAnomaly) -> tuple[int, int]:
    """The days that moved: a window stands out for a while after what it saw; a lasting change is not over yet."""
    if found.kind in ("step", "drift"):
        return found.start, len(values) - 1
    moved = np.abs(values[found.start : found.end + 1] - usual[found.start : found.end + 1])
    most = np.nanmax(moved) if not np.isnan(moved).all() else 0.0
    days = np.flatnonzero(moved >= 0.5 * most)
    return (found.start + int(days[0]), found.start + int(days[-1])) if len(days) else (found.start, found.end)


def _drivers(
    one: DailySeries, parts: Sequence[DailySeries], start: int, end: int, *, rising: bool
) -> tuple[Driver, ...]:
    drivers = []
    whole = abs(one.sum(start, end))
    for part in parts:
        expected = _money(float(np.nansum(expectations(np.nan_to_num(_values(part)), WEEK)[start : end + 1])))
        impact = part.sum(start, end) - expected
        names = [value for key, value in part.keys if (key, value) not in one.keys]
        if (impact > 0) is rising and abs(impact) >= whole * LEAST_SHARE:
            drivers.append(Driver(", ".join(names), impact))
    return tuple(sorted(drivers, key=lambda driver: (-abs(driver.impact), driver.name))[:DRIVERS])


def _money(value: float) -> Decimal:
    return Decimal(str(round(value, 2)))


def _is_worth_telling(anomaly: Anomaly, one: DailySeries, limits: AnomalyLimits) -> bool:
    enough = abs(anomaly.impact) >= max(limits.money, abs(anomaly.expected) * Decimal(str(limits.percent)) / 100)
    young = (one.day(len(one.amounts) - 1) - anomaly.start).days < limits.late_days
    return enough and not (young and anomaly.impact < 0)
