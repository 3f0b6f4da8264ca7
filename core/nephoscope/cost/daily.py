"""Daily amortised usage as series: by provider, service, account and tag, as far as the days are complete."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from nephoscope.cost.lines import Line
from nephoscope.cost.money import total

Keys = tuple[tuple[str, str], ...]  # (("provider", "aws"), ("service", "AmazonEC2"))


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One sum a day, without a gap; None on a day of which the provider has told nothing."""

    keys: Keys
    currency: str
    first: date
    amounts: tuple[Decimal | None, ...]

    @property
    def values(self) -> NDArray[np.float64]:
        """The amounts as numbers, NaN where one is missing: to look at, never to add."""
        return np.array([np.nan if amount is None else float(amount) for amount in self.amounts])

    def day(self, index: int) -> date:
        """The day of one amount."""
        return self.first + timedelta(days=index)

    def sum(self, start: int, end: int) -> Decimal:
        """Add the amounts of some days, both ends included."""
        return total(amount for amount in self.amounts[start : end + 1] if amount is not None)


def series(lines: Iterable[Line], by: Sequence[str], *, tag: str | None = None) -> list[DailySeries]:
    """
    Make a series of each combination of keys.

    Args:
        lines: Usage by day; those that do not tell one of the keys are left out.
        by: Keys beside the provider: "service", "account".
        tag: A further key, read from the lines' tags.

    Returns:
        Series over the complete days of their provider, in the order of their keys.
    """
    held = [line for line in lines if line.day is not None]
    spans = complete_days(held)
    sums: dict[tuple[Keys, str], dict[date, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for line in held:
        keys = _keys(line, by, tag)
        amount = line.billed if line.effective is None else line.effective
        if keys is not None and amount is not None and line.day is not None:
            sums[keys, line.currency][line.day].append(amount)
    return [
        _series(keys, currency, days, spans[keys[0][1], currency]) for (keys, currency), days in sorted(sums.items())
    ]


def _keys(line: Line, by: Sequence[str], tag: str | None) -> Keys | None:
    keys = [("provider", line.provider), *((key, getattr(line, key)) for key in by)]
    if tag is not None:
        keys.append((f"tag:{tag}", line.tags.get(tag)))
    return None if any(value is None for _, value in keys) else tuple(keys)


@dataclass(frozen=True, slots=True)
class Span:
    """The complete days of one provider, and those of which it told anything."""

    first: date
    last: date
    told: frozenset[date]


def complete_days(lines: Sequence[Line]) -> Mapping[tuple[str, str], Span]:
    """
    Tell the days of each provider and currency whose usage is complete.

    The last day is left out where its charges end before midnight, or are said to be estimated.
    """
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    ends: dict[tuple[str, str], datetime] = {}
    estimated: dict[tuple[str, str], set[date]] = defaultdict(set)
    for line in lines:
        place = line.provider, line.currency
        if line.day is None:
            continue
        days[place].add(line.day)
        if line.estimated:
            estimated[place].add(line.day)
        if line.until is not None:
            ends[place] = max(line.until, ends.get(place, line.until))
    spans = {}
    for place, told in days.items():
        last = max(told)
        end = ends.get(place)
        if end is not None and end.date() <= last:
            last = end.date() - timedelta(days=1)
        while last in estimated[place]:
            last -= timedelta(days=1)
        spans[place] = Span(min(told), last, frozenset(told))
    return spans


def _series(keys: Keys, currency: str, days: Mapping[date, list[Decimal]], span: Span) -> DailySeries:
    count = max(0, (span.last - span.first).days + 1)
    calendar = [span.first + timedelta(days=index) for index in range(count)]
    amounts = (total(days.get(day, [])) if day in span.told else None for day in calendar)
    return DailySeries(keys, currency, span.first, tuple(amounts))
