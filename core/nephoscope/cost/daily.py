"""Daily amortised usage as series: by provider, service, account and tag, as far as the days are complete."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from nephoscope.cost.lines import Line
from nephoscope.cost.money import total

DAYS_MOST = 1_100  # three years; a charge with a day of the year 1 does not make a series of it
LEAST_DAYS = 15  # two weeks and a day: fewer do not tell what is usual
LATE_DAYS = 2  # after which an estimated day has as good as all of its charges

Keys = tuple[tuple[str, str], ...]  # (("provider", "aws"), ("service", "AmazonEC2"))


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One sum a day, without a gap; None on a day of which the provider has told nothing."""

    keys: Keys
    currency: str
    first: date
    amounts: tuple[Decimal | None, ...]

    def day(self, index: int) -> date:
        """The day of one amount."""
        return self.first + timedelta(days=index)

    def sum(self, start: int, end: int) -> Decimal:
        """Add the amounts of some days, both ends included."""
        return total(amount for amount in self.amounts[start : end + 1] if amount is not None)


def usage(lines: Iterable[Line]) -> tuple[Line, ...]:
    """What anomalies are sought in: usage that corrects nothing."""
    return tuple(line for line in lines if line.charge == "Usage" and not line.correction)


def series(
    lines: Iterable[Line],
    by: Sequence[str],
    *,
    tag: str | None = None,
    measure: Literal["billed", "effective"] = "effective",
) -> list[DailySeries]:
    """
    Make a series of each combination of keys.

    Args:
        lines: Charges by day; those that do not tell one of the keys are left out.
        by: Keys beside the provider: "service", "account".
        tag: A further key, read from the lines' tags.
        measure: What is added; of lines that have no effective cost, what they billed.

    Returns:
        Series over the complete days of their provider, in the order of their keys.
    """
    held = [line for line in lines if line.day is not None]
    spans = complete_days(held)
    sums: dict[tuple[Keys, str], dict[date, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for line in held:
        keys = _keys(line, by, tag)
        amount = line.billed if measure == "billed" or line.effective is None else line.effective
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

    @property
    def days(self) -> int:
        """How many days there are from the first to the last."""
        return max(0, (self.last - self.first).days + 1)


def complete_days(lines: Sequence[Line]) -> Mapping[tuple[str, str], Span]:
    """
    Tell the days of each provider and currency whose usage is complete.

    The last day is left out where its charges end before midnight, and so are the last two where they are said to be
    estimated: a provider may call a whole month estimated until it is invoiced, but charges come late by a day or two.
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
        for _ in range(LATE_DAYS):
            if last in estimated[place]:
                last -= timedelta(days=1)
        spans[place] = Span(max(min(told), last - timedelta(days=DAYS_MOST)), last, frozenset(told))
    return spans


def _series(keys: Keys, currency: str, days: Mapping[date, list[Decimal]], span: Span) -> DailySeries:
    calendar = [span.first + timedelta(days=index) for index in range(span.days)]
    amounts = (total(days.get(day, [])) if day in span.told else None for day in calendar)
    return DailySeries(keys, currency, span.first, tuple(amounts))
