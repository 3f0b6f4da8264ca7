"""Sums of lines: by provider, by currency, and the total with what is missing from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from nephoscope.cost.lines import Answer, Line, Unknown
from nephoscope.cost.money import plain, total


@dataclass(frozen=True, slots=True)
class ProviderCost:
    """What one provider charged, in each of its currencies, or why that is not known."""

    status: Literal["known", "unknown"]
    billed: Mapping[str, Decimal | None]  # by currency; None where only an amortised view is there
    effective: Mapping[str, Decimal | None]
    complete_until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of everything billed, by currency: exact, or at least that much because something is unknown."""

    sums: Mapping[str, Decimal]
    unknown: tuple[str, ...]  # the providers that are not known
    providers: int

    @property
    def is_exact(self) -> bool:
        """Whether every provider is known."""
        return not self.unknown

    @property
    def currency(self) -> str | None:
        """The only currency; None where there are several, or none."""
        return next(iter(self.sums)) if len(self.sums) == 1 else None

    @property
    def amount(self) -> Decimal | None:
        """The total in the only currency; None where there are several, or none."""
        return self.sums[self.currency] if self.currency else None

    def __str__(self) -> str:
        """
        Write the total for people.

        >>> str(Total({"USD": Decimal(12)}, ("gcp",), 3))
        '≥ 12 USD (1 of 3 unknown)'
        """
        sums = " + ".join(f"{plain(amount)} {currency}" for currency, amount in sorted(self.sums.items()))
        if self.is_exact:
            return sums or "nothing charged"
        missing = f"({len(self.unknown)} of {self.providers} unknown)"
        return f"≥ {sums} {missing}" if sums else f"unknown {missing}"


def add(lines: Iterable[Line], measure: Literal["billed", "effective"]) -> dict[str, Decimal | None]:
    """
    Add one measure by currency.

    Returns:
        None for a currency in which a line does not tell the measure: part of a sum is not the sum.
    """
    amounts: dict[str, list[Decimal | None]] = defaultdict(list)
    for line in lines:
        amounts[line.currency].append(getattr(line, measure))
    return {currency: _sum(parts) for currency, parts in amounts.items()}


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return total(known) if len(known) == len(amounts) else None


def provider_costs(answers: Mapping[str, Answer]) -> dict[str, ProviderCost]:
    """Tell what each provider charged; an amortised view alone leaves the bill unknown."""
    return {provider: _provider_cost(answer) for provider, answer in answers.items()}


def _provider_cost(answer: Answer) -> ProviderCost:
    if isinstance(answer, Unknown):
        return ProviderCost("unknown", {}, {}, reason=answer.reason)
    billed, effective = add(answer.lines, "billed"), add(answer.lines, "effective")
    return provider_cost(billed, effective, answer.complete_until)


def provider_cost(
    billed: Mapping[str, Decimal | None],
    effective: Mapping[str, Decimal | None],
    complete_until: datetime | None = None,
) -> ProviderCost:
    """Tell what one provider charged; it is unknown where one of the invoiced sums is."""
    without = sorted(currency for currency, amount in billed.items() if amount is None)
    if without:
        reason = f"only an amortised view is there in {', '.join(without)}: what was invoiced is not known"
        return ProviderCost("unknown", billed, effective, complete_until, reason)
    return ProviderCost("known", billed, effective, complete_until)


def grand_total(costs: Mapping[str, ProviderCost]) -> Total:
    """Add what is known of every provider, currency by currency."""
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for cost in costs.values():
        for currency, amount in cost.billed.items():
            if amount is not None:
                sums[currency].append(amount)
    unknown = tuple(provider for provider, cost in costs.items() if cost.status == "unknown")
    return Total({currency: total(amounts) for currency, amounts in sums.items()}, unknown, len(costs))
