"""What one resource cost in a period, and how it was used: what recommendations rest on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from nephoscope.cost.money import plain


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """
    The charges of one resource that agree in how they are priced, over the period of the bill.

    No charge is in two of them. `hours` and `steadiness` are None where the bill has no hourly rows.
    """

    provider: str
    currency: str
    cost: Decimal  # effective
    service: str | None = None
    category: str | None = None  # ServiceCategory
    account: str | None = None
    resource: str | None = None
    pricing: str | None = None  # PricingCategory: Standard, Dynamic, Committed, Other
    commitment: str | None = None
    commitment_status: str | None = None  # Used or Unused
    unit: str | None = None  # ConsumedUnit
    description: str | None = None
    tagged: bool | None = None  # None where the bill has no tags at all
    idle: bool = False  # charged without anything consumed
    days: int = 0  # on how many days it was charged
    hours: int | None = None  # in how many hours
    steadiness: float | None = None  # its mean hour by its dearest: 1 is the same every hour

    @property
    def name(self) -> str:
        """What people find it by."""
        return self.resource or self.commitment or f"{self.service or 'charges'} of {self.account or self.provider}"

    @property
    def words(self) -> str:
        """Everything that tells what it is for, in lower case."""
        return " ".join(filter(None, (self.resource, self.service, self.description))).lower()

    @property
    def charged_for(self) -> str:
        """What the bill says that it is, in lower case; not what people named it."""
        return " ".join(filter(None, (self.service, self.description))).lower()

    @property
    def money(self) -> str:
        """Its cost, for people."""
        return f"{plain(round(self.cost, 2))} {self.currency}"
