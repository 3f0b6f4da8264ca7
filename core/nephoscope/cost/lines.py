"""
What a source of bills answers: lines that are known until a time, or the reason why nothing is known.

A `Line` is the sum of the charges that share its keys. FOCUS is the schema behind it: `billed` is the invoice's basis
(BilledCost), `effective` spreads commitments over the time that they cover (EffectiveCost). The two are never added to
each other, and neither are two currencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Line:
    """The sum of the charges that share its keys; None is what the bill does not tell."""

    provider: str
    currency: str
    billed: Decimal | None  # None in a view that has only amortised cost
    effective: Decimal | None  # None in a view that has only invoiced cost
    month: str | None = None  # "2026-05": the month of BillingPeriodStart, in UTC
    day: date | None = None  # of ChargePeriodStart, in UTC
    service: str | None = None
    category: str | None = None  # ServiceCategory
    account: str | None = None  # SubAccountId, else BillingAccountId
    charge: str | None = None  # ChargeCategory: Usage, Purchase, Tax, Credit or Adjustment
    correction: bool = False  # ChargeClass "Correction": of an earlier invoice
    estimated: bool = False  # the provider says that it may still change
    tags: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None  # the latest end of a charge of a day or less, in UTC
    rows: int = 1

    def __post_init__(self) -> None:
        for amount in (self.billed, self.effective):
            if amount is not None and not amount.is_finite():
                raise ValueError(f"{self.provider} charged {amount} {self.currency}")


@dataclass(frozen=True, slots=True)
class Known:
    """A complete answer; no lines at all means that nothing was charged."""

    lines: tuple[Line, ...]
    complete_until: datetime | None  # exclusive, in UTC; None where the source cannot tell


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or half of one, and why."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("something is unknown without a reason")


Answer: TypeAlias = Known | Unknown
