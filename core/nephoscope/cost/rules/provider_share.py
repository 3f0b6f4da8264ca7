"""A provider that takes more than its share of a budget: more than 60 % of it."""

from __future__ import annotations

from decimal import Decimal

from nephoscope.cost.bill import Bill
from nephoscope.cost.money import Budget, plain
from nephoscope.cost.recommendation import Recommendation
from nephoscope.cost.totals import provider_costs

SHARE = Decimal("0.6")


def provider_shares(bill: Bill, budget: Budget | None) -> list[Recommendation]:
    """Name each provider that charged more than its share; nothing is promised to be saved."""
    if budget is None:
        return []
    most = budget.amount * SHARE
    found = []
    for provider, cost in provider_costs(bill.answers).items():
        for currency, amount in cost.billed.items():
            if amount is not None and amount > most and budget.currency in (None, currency):
                text = f"High costs in {provider}: {plain(round(amount, 2))} {currency} of a budget of {budget}."
                share: dict[str, str | float] = {"billed": plain(amount), "share": float(SHARE), "limit": plain(most)}
                found.append(Recommendation("provider_share", (provider,), share, None, currency, text, amount))
    return found
