"""Exchange rates from the configuration: the only way from one currency to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from nephoscope.cost.money import EXACT, plain, total


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of each currency is worth in one of them."""

    into: str
    worth: Mapping[str, Decimal]  # "EUR" -> 1.08, in units of `into`

    def __post_init__(self) -> None:
        for currency, rate in self.worth.items():
            if rate <= 0:
                raise ValueError(f"one {currency} is worth {plain(rate)} {self.into}")

    def rate(self, currency: str, into: str) -> Decimal | None:
        """What one unit of a currency is worth in the table's own; None where the table does not say."""
        if into != self.into:
            return None
        return Decimal(1) if currency == into else self.worth.get(currency)

    def convert(self, sums: Mapping[str, Decimal]) -> tuple[Decimal, bool]:
        """
        Add sums in several currencies.

        Returns:
            The sum of those that have a rate, and whether that is all of them.

        >>> rates = Rates("USD", {"EUR": Decimal("1.25")})
        >>> rates.convert({"USD": Decimal(1), "EUR": Decimal(4)}), rates.convert({"USD": Decimal(1), "GBP": Decimal(4)})
        ((Decimal('6.00'), True), (Decimal('1'), False))
        """
        worth = {**self.worth, self.into: Decimal(1)}
        known = [currency for currency in sums if currency in worth]
        return total(EXACT.multiply(sums[currency], worth[currency]) for currency in known), len(known) == len(sums)
