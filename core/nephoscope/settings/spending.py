"""Budgets and anomaly limits of the configuration, as the checks take them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import UNSET

from nephoscope.cost.anomaly import AnomalyLimits
from nephoscope.cost.budgets import BudgetLimit
from nephoscope.cost.money import budget
from nephoscope.cost.rates import Rates
from nephoscope.cost.tagged import Tag, label
from nephoscope.settings.bills import Budget

if TYPE_CHECKING:
    from nephoscope.settings.configuration import Configuration


def anomaly_limits(configuration: Configuration) -> AnomalyLimits:
    """What is too little to tell."""
    look = configuration.bills.anomalies
    return AnomalyLimits(money=Decimal(str(look.money)), percent=look.percent)


def rates(configuration: Configuration) -> Rates | None:
    """How currencies are added; None where they are not."""
    written = configuration.exchange_rates
    if written is UNSET:
        return None
    return Rates(written.into, {currency: Decimal(str(rate)) for currency, rate in written.worth.items()})


def budget_limits(configuration: Configuration) -> list[BudgetLimit]:
    """Every budget, in the order of the file."""
    table, model_tag = rates(configuration), configuration.bills.model_tag
    return [_limit(name, written, table, model_tag) for name, written in configuration.budgets.items()]


def watched_tags(configuration: Configuration) -> dict[str, frozenset[str]]:
    """The tag keys that are watched, and of each the values that a budget or a model names."""
    bills = configuration.bills
    named = {limit.tag for limit in budget_limits(configuration) if limit.tag}
    named |= {(bills.model_tag, model) for model in configuration.models}
    keys = dict.fromkeys((bills.model_tag, *bills.tags, *sorted(key for key, _ in named)))
    return {key: frozenset(value for name, value in named if name == key) for key in keys}


def _limit(name: str, written: Budget, table: Rates | None, model_tag: str) -> BudgetLimit:
    share = None if written.provider_share is UNSET else Decimal(str(written.provider_share))
    return BudgetLimit(
        name,
        budget(written.amount),
        share,
        table,
        cloud="" if written.cloud is UNSET else written.cloud,
        tag=(tag := _tag(written, model_tag)),
        labels=label(tag) if tag else {},
    )


def _tag(written: Budget, model_tag: str) -> Tag | None:
    if written.tag is not UNSET:
        return next(iter(written.tag.items()))
    return None if written.model is UNSET else (model_tag, written.model)


def clouds_with_bills(configuration: Configuration) -> frozenset[str]:
    """The clouds whose bills the configuration names a source for."""
    bills = configuration.bills
    named = {"aws": bills.aws, "azure": bills.azure, "gcp": bills.gcp}
    return frozenset(cloud for cloud, source in named.items() if source is not UNSET)
