"""Which deliveries and dialects tell days of one bill that others tell too: added, they would count twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from nephoscope.adapters.files.bills.deliveries import Delivery
from nephoscope.cost.bill import Source
from nephoscope.cost.lines import Line

Place: TypeAlias = tuple[str, str, str | None]  # provider, account, month
Day: TypeAlias = tuple[str, Place, date | None]  # the measure, and where and when it was charged
Amounts: TypeAlias = Mapping[str, Decimal]  # by currency


@dataclass(frozen=True, slots=True)
class Teller:
    """What tells a bill once: a delivery, or all other files of one family of dialects."""

    family: str  # "FOCUS", "CUR"
    delivery: Delivery | None

    def __str__(self) -> str:
        if self.delivery is None:
            return self.family
        one = self.delivery
        return f"{self.family} of '{one.export.rpartition('/')[2]}' ({one.first} to {one.last})"


def place(line: Line) -> Place:
    """Where a line was charged; exports spell one account with its path and without, in any case."""
    return line.provider, (line.account or "").strip("/").rpartition("/")[2].lower(), line.month


def repeated(
    places: Mapping[Teller, Collection[Place]], days: Callable[[Teller], Mapping[Day, Amounts]]
) -> dict[Teller, Source]:
    """
    Find who tells days of a bill again.

    The widest counts, and of two as wide the newest. What comes to the same in one dialect is only told again; else
    which of the two is the whole bill is not known, so that what is left out is said to be unknown.

    Args:
        places: Where each teller tells of charges.
        days: What a teller tells of each day there; asked only of those that have a place in common with another.

    Returns:
        Who is to be left out, and what is said of it.
    """
    held: dict[Day, tuple[Teller, Amounts]] = {}
    left_out: dict[Teller, Source] = {}
    for teller, its_days in _overlapping(places, days):
        again = next((day for day in its_days if day in held), None)
        if again is None:
            held |= {day: (teller, amounts) for day, amounts in its_days.items()}
            continue
        _, (name, account, _), day = again
        other, _ = held[again]
        said = f"{name} account {account}, {day}, stands in {other} and in {teller}"
        same = {day: (teller.family, amounts) for day, amounts in its_days.items()}
        if same == {day: (held[day][0].family, held[day][1]) for day in its_days if day in held}:
            left_out[teller] = Source(str(teller), teller.family, "superseded", f"{said}, which come to the same.")
        else:
            left_out[teller] = Source(str(teller), teller.family, "unknown", f"{said}: read one of them.")
    return left_out


def _overlapping(
    places: Mapping[Teller, Collection[Place]], days: Callable[[Teller], Mapping[Day, Amounts]]
) -> list[tuple[Teller, Mapping[Day, Amounts]]]:
    """The days of each teller that has a place in common with another, the widest first."""
    times = Counter(place for found in places.values() for place in found)
    told = [(teller, days(teller)) for teller, found in places.items() if any(times[place] > 1 for place in found)]
    return sorted(told, key=lambda one: (len(one[1]), one[0].delivery.run if one[0].delivery else ""), reverse=True)
