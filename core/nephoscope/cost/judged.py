"""
Every Finding of a bill: what each cloud charged, its budgets now and at the month's end, and what stands out.

A budget over all clouds is judged where all of them were asked; a function that asks its own cloud leaves it to
`rollup`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from nephoscope.cost.anomaly import Anomaly, AnomalyLimits
from nephoscope.cost.bill import TAG, Bill
from nephoscope.cost.budgets import BudgetLimit, projected, provider_shares, spent
from nephoscope.cost.daily import LEAST_DAYS, Span, complete_days, usage
from nephoscope.cost.forecast import Forecast
from nephoscope.cost.lines import Line
from nephoscope.cost.money import plain
from nephoscope.cost.month_ends import Ends, together
from nephoscope.cost.tagged import Tag, Tagged, label
from nephoscope.cost.totals import ProviderCost, grand_total
from nephoscope.findings import Finding, Severity, Verdict, at_most, unknown

Spans: TypeAlias = Mapping[tuple[str, str], Span]  # by provider and currency

USUAL = "Its daily cost is as usual."
MOVED = "Nothing stands out in its daily cost beyond what is told of others."
RECENT = timedelta(days=3)  # how long after its last day an anomaly is still told


def bill_findings(
    costs: Mapping[str, ProviderCost], other_months: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[Finding]:
    """Say of each cloud what it charged, or why that is not known; and which other months' charges are not in that."""
    return [_bill(cloud, cost, other_months.get(cloud, ())) for cloud, cost in sorted(costs.items())]


def _bill(cloud: str, cost: ProviderCost, other_months: Sequence[str]) -> Finding:
    labels = {"provider": cloud}
    if cost.status == "unknown":
        return unknown("cost.bill", cloud, reason=f"What {cloud} charged is not known: {cost.reason}", labels=labels)
    sums = {currency: amount for currency, amount in cost.billed.items() if amount is not None}
    said = " and ".join(f"{plain(amount)} {currency}" for currency, amount in sorted(sums.items())) or "nothing"
    value = next(iter(sums.values())) if len(sums) == 1 else None
    beside = f" Charges of {', '.join(other_months)} came with it and are not in that." if other_months else ""
    return Finding("cost.bill", cloud, Verdict.OK, f"{cloud} charged {said}.{beside}", value=value, labels=labels)


def budget_findings(
    limits: Iterable[BudgetLimit],
    costs: Mapping[str, ProviderCost],
    ends: Mapping[Tag | None, Ends],
    *,
    every_cloud: bool,
    tagged: Tagged,
) -> list[Finding]:
    """
    Hold budgets against what is spent and what will be.

    Args:
        limits: The budgets.
        costs: What each cloud charged this month.
        ends: Forecasts of the month's end by provider and currency: of everything (None) and of each tag.
        every_cloud: Whether `costs` holds every cloud that the configuration names.
        tagged: What each tag's charges cost, for the budgets of one.
    """
    findings: list[Finding] = []
    for limit in limits:
        judged = {cloud: cost for cloud, cost in costs.items() if limit.cloud in ("", cloud)}
        if limit.tag:
            judged = tagged.of(limit.tag, judged)
        if limit.tag is None or every_cloud or limit.cloud:
            findings += provider_shares(limit, judged)
        if judged and (every_cloud or limit.cloud):
            findings.append(spent(limit, grand_total(judged)))
            findings.append(_projected(limit, judged, ends.get(limit.tag, {})))
    return findings


def unbilled(limits: Iterable[BudgetLimit], told: Collection[str]) -> list[Finding]:
    """Say of each budget that none of the bills it is held against is told: nobody would say a word of it."""
    return [_unbilled(limit) for limit in limits if not (limit.cloud in told if limit.cloud else told)]


def _unbilled(limit: BudgetLimit) -> Finding:
    untold = f"{limit.cloud}'s bill is not told; name it" if limit.cloud else "no cloud's bill is told; name one"
    reason = f"Nothing is known of what is spent of {limit.budget}: {untold} under bills."
    return unknown("cost.budget", limit.name, reason=reason, limit=at_most(limit.budget.amount), labels=limit.labels)


def _projected(limit: BudgetLimit, judged: Mapping[str, ProviderCost], ends: Ends) -> Finding:
    """Project what has a forecast; complete only where whatever charged anything has one."""
    charged = {
        (cloud, currency) for cloud, cost in judged.items() for currency, amount in cost.billed.items() if amount
    }
    complete = all(cost.status == "known" for cost in judged.values()) and charged <= set(ends)
    ends = {place: end for place, end in ends.items() if place[0] in judged}
    if complete and not ends:
        nothing = Decimal(0)
        return projected(limit, Forecast(nothing, nothing, nothing, nothing, 0))
    return projected(limit, together(ends, limit.budget.currency, limit.rates), complete=complete)


def anomaly_findings(anomalies: Sequence[Anomaly], bill: Bill, limits: AnomalyLimits) -> list[Finding]:
    """
    Say of all that is watched whether its cost stands out now; an anomaly that ended days ago does not any more.

    How long ago that is is counted in the days of its own provider, for the bills of others may come sooner. A provider
    with too few days to tell what is usual is unknown.
    """
    spans = complete_days(bill.daily)
    now = [anomaly for anomaly in anomalies if _is_recent(anomaly, spans)]
    told = {_subject(anomaly.keys) for anomaly in now}
    days = _days(bill.daily, spans)
    watched = {_subject(keys): keys for keys in _watched(bill) if days[keys["provider"]] >= LEAST_DAYS}
    moved = {anomaly.keys["provider"] for anomaly in now}
    quiet = [
        Finding(
            "cost.anomaly", subject, Verdict.OK, MOVED if keys["provider"] in moved else USUAL, labels=_labels(keys)
        )
        for subject, keys in sorted(watched.items())
        if subject not in told
    ]
    young = [_young(provider, count) for provider, count in sorted(days.items()) if count < LEAST_DAYS]
    return [*(_anomaly(anomaly, limits) for anomaly in now), *quiet, *young]


def _is_recent(anomaly: Anomaly, spans: Spans) -> bool:
    span = spans.get((anomaly.keys["provider"], anomaly.currency))
    return span is not None and anomaly.end + RECENT >= span.last


def _days(daily: Sequence[Line], spans: Spans) -> Mapping[str, int]:
    """How many complete days of usage each provider tells."""
    days = dict.fromkeys((line.provider for line in daily), 0)
    for (provider, _), span in spans.items():
        days[provider] = max(days[provider], span.days)
    return days


def _young(provider: str, days: int) -> Finding:
    reason = f"Complete days of usage that are known: {days}; {LEAST_DAYS} are needed to tell what is usual."
    return unknown("cost.anomaly", provider, reason=reason, labels={"provider": provider})


def _watched(bill: Bill) -> Iterator[Mapping[str, str]]:
    for line in (*bill.daily, *bill.by_account):
        yield {"provider": line.provider}
        for key in ("service", "account"):
            if value := getattr(line, key):
                yield {"provider": line.provider, key: value}
    for tag, lines in bill.tagged.items():
        for line in usage(lines):
            if value := line.tags.get(tag):
                yield {"provider": line.provider, f"{TAG}{tag}": value}


def _subject(keys: Mapping[str, str]) -> str:
    """
    Name what is watched.

    >>> _subject({"provider": "aws", "service": "AmazonEC2"}), _subject({"provider": "aws", "tag:team": "research"})
    ('aws/AmazonEC2', 'aws/team=research')
    """
    return "/".join(f"{key.removeprefix(TAG)}={value}" if key.startswith(TAG) else value for key, value in keys.items())


def _labels(keys: Mapping[str, str]) -> dict[str, str]:
    tags = [label((key.removeprefix(TAG), value)) for key, value in keys.items() if key.startswith(TAG)]
    ours = {key: value for key, value in keys.items() if key in ("provider", "account")}
    return {name: value for one in (*tags, ours) for name, value in one.items()}


def _anomaly(anomaly: Anomaly, limits: AnomalyLimits) -> Finding:
    more = "more" if anomaly.impact > 0 else "less"
    drivers = f", driven by {', '.join(driver.name for driver in anomaly.drivers)}" if anomaly.drivers else ""
    moved = plain(abs(anomaly.impact))
    return Finding(
        "cost.anomaly",
        _subject(anomaly.keys),
        Verdict.BREACH,
        f"A {anomaly.kind} since {anomaly.start}: {moved} {anomaly.currency} {more} than expected{drivers}.",
        value=abs(anomaly.impact),
        limit=at_most(limits.money),
        severity=Severity.MEDIUM if anomaly.impact > 0 else Severity.LOW,
        labels=_labels(anomaly.keys),
        evidence={
            "kind": anomaly.kind,
            "start": anomaly.start.isoformat(),
            "expected": plain(anomaly.expected),
            "actual": plain(anomaly.actual),
            "currency": anomaly.currency,
        },
    )
