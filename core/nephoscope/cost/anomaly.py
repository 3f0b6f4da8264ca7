"""What an anomaly of cost is: its days, its kind, the money it moved and who drove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from nephoscope.cost.money import plain


@dataclass(frozen=True, slots=True)
class AnomalyLimits:
    """What is too little to tell anybody, and how long late charges may still come."""

    money: Decimal = Decimal(10)  # in the bill's currency
    percent: float = 20.0  # of what was expected
    late_days: int = 2  # in which a drop may still fill up


@dataclass(frozen=True, slots=True)
class Driver:
    """A part of a series that moved with it."""

    name: str
    impact: Decimal


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Days whose amortised usage was not what the days before them let expect."""

    keys: Mapping[str, str]
    kind: str  # spike, drop, step or drift
    start: date
    end: date  # inclusive
    expected: Decimal  # over those days
    actual: Decimal
    currency: str
    drivers: tuple[Driver, ...] = ()

    @property
    def impact(self) -> Decimal:
        """How much more (or less) was spent than was expected."""
        return self.actual - self.expected

    @property
    def document(self) -> dict[str, Any]:
        """The anomaly as JSON writes it."""
        return {
            "keys": dict(self.keys),
            "kind": self.kind,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "expected": plain(self.expected),
            "actual": plain(self.actual),
            "impact": plain(self.impact),
            "currency": self.currency,
            "drivers": [{"name": driver.name, "impact": plain(driver.impact)} for driver in self.drivers],
        }
