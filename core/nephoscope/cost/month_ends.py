"""The month ends of several bills: forecast one by one, converted where there are rates, and put together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from nephoscope.cost.daily import Keys, series
from nephoscope.cost.forecast import Forecast, month_end
from nephoscope.cost.lines import Line
from nephoscope.cost.money import EXACT, total
from nephoscope.cost.month import Month
from nephoscope.cost.rates import Rates

Ends: TypeAlias = Mapping[tuple[str, str], Forecast]  # by provider and currency


def month_ends(lines: Iterable[Line], month: str, *, tag: str | None = None) -> dict[tuple[Keys, str], Forecast]:
    """
    Forecast a month's end of each provider and currency, from what is billed by day.

    Args:
        lines: Charges by day, of the month and of those before.
        month: "2026-05".
        tag: Forecast each value of this tag apart.
    """
    found: dict[tuple[Keys, str], Forecast] = {}
    for one in series(lines, (), tag=tag, measure="billed"):
        days = {one.day(index): amount for index, amount in enumerate(one.amounts) if amount is not None}
        if days and (end := month_end(days, max(days), Month.of(month))) is not None:
            found[one.keys, one.currency] = end
    return found


def by_provider(ends: Mapping[tuple[Keys, str], Forecast]) -> dict[tuple[str, str], Forecast]:
    """The month ends of whole providers, by provider and currency."""
    return {(keys[0][1], currency): end for (keys, currency), end in ends.items()}


def of_tag(ends: Mapping[tuple[Keys, str], Forecast], value: str) -> dict[tuple[str, str], Forecast]:
    """The month ends of one tag's value, by provider and currency."""
    return {(keys[0][1], currency): end for (keys, currency), end in ends.items() if keys[-1][1] == value}


def together(ends: Ends, currency: str | None, rates: Rates | None = None) -> Forecast | None:
    """
    Add month ends up; their errors are taken to be independent.

    Returns:
        None where there is none, or where one is in a currency without a rate.
    """
    parts: list[Forecast] = []
    for (_, own), end in ends.items():
        worth = Decimal(1) if own == currency else rates.rate(own, currency) if rates and currency else None
        if worth is None:
            return None
        parts.append(_times(end, worth))
    return added(parts) if parts else None


def added(parts: Sequence[Forecast]) -> Forecast:
    """Add forecasts in one currency up."""
    spent, expected = (total(getattr(part, name) for part in parts) for name in ("spent", "expected"))
    half = Decimal(str(round(math.hypot(*(float(part.high - part.expected) for part in parts)), 2)))
    days_left = max(part.days_left for part in parts)
    return Forecast(spent, expected, max(spent, expected - half), expected + half, days_left)


def _times(end: Forecast, worth: Decimal) -> Forecast:
    spent, expected, low, high = (
        EXACT.multiply(amount, worth) for amount in (end.spent, end.expected, end.low, end.high)
    )
    return Forecast(spent, expected, low, high, end.days_left)
