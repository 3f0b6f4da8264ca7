"""
Every Finding of a bill: what each cloud charged, its budgets now and at the month's end, and what stands out.

A budget over all clouds is judged where all of them were asked; a function that asks its own cloud leaves it to
`rollup`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from nephoscope.cost.anomaly import Anomaly, AnomalyLimits
from nephoscope.cost.budgets import BudgetLimit, projected, provider_shares, spent
from nephoscope.cost.forecast import Forecast, month_end
from nephoscope.cost.lines import Line
from nephoscope.cost.money import plain, total
from nephoscope.cost.totals import ProviderCost, grand_total
from nephoscope.findings import Finding, Severity, Verdict, at_most, unknown

RECENT = timedelta(days=3)  # how long after its last day an anomaly is still told


def bill_findings(costs: Mapping[str, ProviderCost]) -> list[Finding]:
    """Say of each cloud what it charged, or why that is not known."""
    return [_bill(cloud, cost) for cloud, cost in sorted(costs.items())]


def _bill(cloud: str, cost: ProviderCost) -> Finding:
    labels = {"provider": cloud}
    if cost.status == "unknown":
        return unknown("cost.bill", cloud, reason=f"What {cloud} charged is not known: {cost.reason}", labels=labels)
    sums = {currency: amount for currency, amount in cost.billed.items() if amount is not None}
    said = " and ".join(f"{plain(amount)} {currency}" for currency, amount in sorted(sums.items())) or "nothing"
    value = next(iter(sums.values())) if len(sums) == 1 else None
    return Finding("cost.bill", cloud, Verdict.OK, f"{cloud} charged {said}.", value=value, labels=labels)


def budget_findings(
    limits: Iterable[BudgetLimit],
    costs: Mapping[str, ProviderCost],
    lines: Sequence[Line],
    *,
    every_cloud: bool,
    models: Mapping[tuple[str, str], Mapping[str, Decimal]] | None = None,
) -> list[Finding]:
    """
    Hold budgets against what is spent and what will be.

    Args:
        limits: The budgets.
        costs: What each cloud charged this month.
        lines: Daily lines of this month and those before, for the forecast.
        every_cloud: Whether `costs` holds every cloud that the configuration names.
        models: The costs of each (model, cloud), for budgets of a model.
    """
    findings: list[Finding] = []
    for limit in limits:
        if limit.model:
            findings += _model(limit, models or {}, costs) if every_cloud else []
            continue
        judged = {cloud: cost for cloud, cost in costs.items() if limit.cloud in ("", cloud)}
        findings += provider_shares(limit, judged)
        if judged and (every_cloud or limit.cloud):
            findings.append(spent(limit, grand_total(judged)))
            complete = all(cost.status == "known" for cost in judged.values())
            findings.append(projected(limit, _forecast(limit, lines, judged), complete=complete))
    return findings


def _model(
    limit: BudgetLimit,
    models: Mapping[tuple[str, str], Mapping[str, Decimal]],
    costs: Mapping[str, ProviderCost],
) -> list[Finding]:
    parts = {
        cloud: ProviderCost("known", dict(sums), {}) for (model, cloud), sums in models.items() if model == limit.model
    }
    parts |= {cloud: cost for cloud, cost in costs.items() if cost.status == "unknown"}
    return [spent(limit, grand_total(parts))]


def _forecast(limit: BudgetLimit, lines: Sequence[Line], costs: Mapping[str, ProviderCost]) -> Forecast | None:
    counted = [line for line in lines if line.provider in costs]
    found = provider_forecast(counted)
    currencies = {line.currency for line in counted}
    return found if currencies == {limit.budget.currency} else None


def provider_forecast(lines: Sequence[Line]) -> Forecast | None:
    """Forecast the month's end of what is billed by day; None for two currencies, or too short a history."""
    days: dict[date, list[Decimal]] = defaultdict(list)
    for line in lines:
        if line.day is not None and line.billed is not None:
            days[line.day].append(line.billed)
    if not days or len({line.currency for line in lines}) != 1:
        return None
    return month_end({day: total(amounts) for day, amounts in days.items()}, max(days))


def anomaly_findings(anomalies: Sequence[Anomaly], daily: Sequence[Line], limits: AnomalyLimits) -> list[Finding]:
    """
    Say of each service whether its cost stands out now; an anomaly that ended days ago does not any more.

    Args:
        anomalies: What was found.
        daily: The usage it was found in, which tells what was looked at.
        limits: What is too little to tell.
    """
    last = max((line.day for line in daily if line.day is not None), default=None)
    now = [anomaly for anomaly in anomalies if last is not None and anomaly.end + RECENT >= last]
    told = {_subject(anomaly) for anomaly in now}
    watched = {f"{line.provider}/{line.service}": line.provider for line in daily if line.service}
    quiet = [
        Finding("cost.anomaly", subject, Verdict.OK, "Its daily cost is as usual.", labels={"provider": provider})
        for subject, provider in sorted(watched.items())
        if subject not in told
    ]
    return [*(_anomaly(anomaly, limits) for anomaly in now), *quiet]


def _subject(anomaly: Anomaly) -> str:
    return "/".join(anomaly.keys.values())


def _anomaly(anomaly: Anomaly, limits: AnomalyLimits) -> Finding:
    more = "more" if anomaly.impact > 0 else "less"
    drivers = f", driven by {', '.join(driver.name for driver in anomaly.drivers)}" if anomaly.drivers else ""
    moved = plain(abs(anomaly.impact))
    return Finding(
        "cost.anomaly",
        _subject(anomaly),
        Verdict.BREACH,
        f"A {anomaly.kind} since {anomaly.start}: {moved} {anomaly.currency} {more} than expected{drivers}.",
        value=abs(anomaly.impact),
        limit=at_most(limits.money),
        severity=Severity.MEDIUM if anomaly.impact > 0 else Severity.LOW,
        labels={"provider": anomaly.keys["provider"]},
        evidence={
            "kind": anomaly.kind,
            "start": anomaly.start.isoformat(),
            "expected": plain(anomaly.expected),
            "actual": plain(anomaly.actual),
            "currency": anomaly.currency,
        },
    )
