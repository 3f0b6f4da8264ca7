"""The cost report: the document that `cost report` prints and the job `cost` stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from nephoscope.cost.anomaly import Anomaly
from nephoscope.cost.bill import Bill, Group, Source
from nephoscope.cost.lines import Answer
from nephoscope.cost.money import Budget, plain
from nephoscope.cost.recommendation import Recommendation
from nephoscope.cost.status import Status, status
from nephoscope.cost.totals import ProviderCost, Total, grand_total, provider_costs


@dataclass(frozen=True, slots=True)
class CostReport:
    """What was charged, whether that is within the budget, and what stands out in it."""

    bill: Bill
    costs: Mapping[str, ProviderCost]
    total: Total
    status: Status
    anomalies: tuple[Anomaly, ...]
    recommendations: tuple[Recommendation, ...]
    at: datetime

    @classmethod
    def of(
        cls,
        bill: Bill,
        *,
        at: datetime,
        budget: Budget | None = None,
        answers: Mapping[str, Answer] | None = None,
        anomalies: Sequence[Anomaly] = (),
        recommendations: Sequence[Recommendation] = (),
    ) -> CostReport:
        """Add a bill up and hold it against a budget; `answers` where they were given provider by provider."""
        costs = provider_costs(bill.answers if answers is None else answers)
        total = grand_total(costs)
        return cls(bill, costs, total, status(total, budget), tuple(anomalies), tuple(recommendations), at)

    @property
    def document(self) -> dict[str, Any]:
        """The report as JSON writes it; money is text, so that no reader rounds it."""
        document: dict[str, Any] = {
            "currency": self.total.currency,
            "status": str(self.status),
            "total_cost": _text(self.total.amount),
            "total_is": "exact" if self.total.is_exact else "at_least",
            "monthly_costs": {provider: _provider(cost) for provider, cost in self.costs.items()},
            "groups": [_group(self.bill.by, group) for group in self.bill.groups],
            "anomalies": [anomaly.document for anomaly in self.anomalies],
            "recommendations": [recommendation.document for recommendation in self.recommendations],
            "sources": [_source(source) for source in self.bill.sources],
            "timestamp": instant(self.at),
        }
        if len(self.total.sums) > 1:
            document["totals"] = {currency: plain(amount) for currency, amount in sorted(self.total.sums.items())}
        return document


def instant(at: datetime) -> str:
    """
    Write a time in UTC.

    >>> instant(datetime(2026, 5, 1, 12, tzinfo=UTC))
    '2026-05-01T12:00:00Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _provider(cost: ProviderCost) -> dict[str, Any]:
    only = next(iter(cost.billed)) if len(cost.billed) == 1 else None
    entry: dict[str, Any] = {
        "status": cost.status,
        "billed": _text(cost.billed[only]) if only else None,
        "effective": _text(cost.effective[only]) if only else None,
        "currency": only,
        "complete_until": instant(cost.complete_until) if cost.complete_until else None,
        "reason": cost.reason or None,
    }
    if len(cost.billed) > 1:
        entry["totals"] = {currency: _text(amount) for currency, amount in sorted(cost.billed.items())}
    return entry


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "dialect": source.dialect or None,
        "status": source.status,
        "reason": source.reason or None,
    }


def _group(by: tuple[str, ...], group: Group) -> dict[str, Any]:
    return {
        "keys": dict(zip(by, group.keys, strict=True)),
        "billed": _text(group.billed),
        "effective": _text(group.effective),
        "currency": group.currency,
        "rows": group.rows,
    }
