"""
Budgets of a month, as Findings: what is spent, what one provider may take of it, and what the month's end will bring.

A breach needs no complete bill: what is known already may be too much. Anything below the budget with a provider
missing, or with charges in a currency that cannot be compared, is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from nephoscope.cost.forecast import Forecast
from nephoscope.cost.money import Budget, plain
from nephoscope.cost.rates import Rates
from nephoscope.cost.tagged import Tag
from nephoscope.cost.totals import ProviderCost, Total
from nephoscope.findings import Finding, Severity, at_most, measured, unknown


@dataclass(frozen=True, slots=True)
class BudgetLimit:
    """One budget: what it is for, how much it allows, and the share that one provider may take."""

    name: str  # "all", "fraud_detection_v2", "team research": the subject of its Findings
    budget: Budget
    provider_share: Decimal | None = None  # of the budget: 0.6 of 1,000 lets one provider charge 600
    rates: Rates | None = None  # without them, only the budget's own currency is compared
    cloud: str = ""  # the one cloud it is for; all of them when empty
    tag: Tag | None = None  # the one tag whose charges it is for: ("team", "research")
    labels: Mapping[str, str] = field(default_factory=dict)


def spent(limit: BudgetLimit, total: Total) -> Finding:
    """Hold what is billed so far against a budget; equality is within it."""
    allowed = at_most(limit.budget.amount)
    (amount, whole), missing = _in_currency(limit, total.sums), list(total.unknown)
    within = amount <= limit.budget.amount
    if within and not whole:
        reason = f"{total} cannot be compared with a budget of {limit.budget}: give rates, or a budget per currency."
        return unknown("cost.budget", limit.name, reason=reason, limit=allowed, labels=limit.labels)
    said = f"{plain(amount)} of {limit.budget} are spent"
    if within and missing:
        known = f"At least {said}" if total.sums else f"Nothing is known of what is spent of {limit.budget}"
        reason = f"{known}; {', '.join(missing)} unknown ({len(missing)} of {total.providers})."
        return unknown("cost.budget", limit.name, reason=reason, limit=allowed, labels=limit.labels)
    return measured(
        "cost.budget",
        limit.name,
        amount,
        allowed,
        reason=f"{'At least ' if missing or not whole else ''}{said}.",
        severity=Severity.HIGH,
        labels=limit.labels,
    )


def provider_shares(limit: BudgetLimit, costs: Mapping[str, ProviderCost]) -> list[Finding]:
    """Hold each provider against its share of a budget: 60 % of 1,000 USD in the tutorial this grew from."""
    if limit.provider_share is None:
        return []
    allowed = at_most(limit.budget.amount * limit.provider_share)
    return [_share(limit, provider, cost, allowed.high or Decimal(0)) for provider, cost in sorted(costs.items())]


def _share(limit: BudgetLimit, provider: str, cost: ProviderCost, most: Decimal | float) -> Finding:
    labels = {**limit.labels, "provider": provider}
    allowed = at_most(most)
    known = {currency: amount for currency, amount in cost.billed.items() if amount is not None}
    amount, whole = _in_currency(limit, known)
    if amount <= most and (cost.status == "unknown" or not whole):
        reason = cost.reason or f"its bill is in {', '.join(sorted(known))}, the budget is {limit.budget}"
        said = f"What {provider} charged is unknown: {reason.rstrip('.')}."
        return unknown("cost.provider_share", limit.name, reason=said, limit=allowed, labels=labels)
    at_least = "" if whole and cost.status == "known" else "at least "
    reason = f"{provider} charged {at_least}{plain(amount)}; its share of {limit.budget} is {plain(Decimal(most))}."
    return measured("cost.provider_share", limit.name, amount, allowed, reason=reason, labels=labels)


def projected(limit: BudgetLimit, forecast: Forecast | None, *, complete: bool = True) -> Finding:
    """
    Hold a month's expected end against a budget, before it is breached.

    Args:
        limit: The budget.
        forecast: None where the history is too short.
        complete: Whether every provider is in the forecast.
    """
    allowed = at_most(limit.budget.amount)
    if forecast is None:
        reason = "There are too few complete days to forecast the month's end from."
        return unknown("cost.forecast", limit.name, reason=reason, limit=allowed, labels=limit.labels)
    interval = f"between {plain(forecast.low)} and {plain(forecast.high)} four times of five"
    said = f"The month will end at {plain(forecast.expected)} ({interval}); the budget is {limit.budget}."
    if not complete and forecast.expected <= limit.budget.amount:
        reason = f"{said} Not every provider is in it."
        return unknown("cost.forecast", limit.name, reason=reason, limit=allowed, labels=limit.labels)
    return measured(
        "cost.forecast",
        limit.name,
        forecast.expected,
        allowed,
        reason=said,
        labels=limit.labels,
        evidence={"spent": plain(forecast.spent), "low": plain(forecast.low), "high": plain(forecast.high)},
    )


def _in_currency(limit: BudgetLimit, sums: Mapping[str, Decimal]) -> tuple[Decimal, bool]:
    """What of some sums can be told in the budget's currency, and whether that is all of them."""
    currency, rates = limit.budget.currency, limit.rates
    if rates is not None and currency in (None, rates.into):
        return rates.convert(sums)
    if currency is None and len(sums) == 1:
        (currency,) = sums
    return sums.get(currency or "", Decimal(0)), set(sums) <= {currency}
