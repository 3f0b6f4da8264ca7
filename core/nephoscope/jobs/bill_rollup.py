"""
The hub's judgement of all clouds' bills together: the total and its budgets, the month's end, and what models cost for
what they do. Each cloud's newest `cost` Report carries what it knows; a cloud that sent none is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nephoscope.cost.across import all_clouds, forecasts, tags, uses
from nephoscope.cost.judged import budget_findings
from nephoscope.cost.money import plain
from nephoscope.cost.month import Month
from nephoscope.cost.totals import ProviderCost, Total, grand_total
from nephoscope.cost.unit_economics import UnitCost, unit_costs
from nephoscope.findings import Finding, Verdict, unknown
from nephoscope.jobs.cost import JOB
from nephoscope.jobs.rollup import Newest
from nephoscope.settings import Settings
from nephoscope.settings.spending import budget_limits, clouds_with_bills


def bill_check(settings: Settings, at: datetime) -> Callable[[Sequence[Newest]], Sequence[Finding]]:
    """The check that `rollup` asks, for the month of the day before its Event."""
    month = Month.at(at - timedelta(days=1))

    def check(newest: Sequence[Newest]) -> Sequence[Finding]:
        expected = clouds_with_bills(settings)
        told = [one for one in newest if one.job == JOB]
        return across(told, expected, month, settings) if expected else ()

    return check


def across(told: Sequence[Newest], expected: frozenset[str], month: Month, settings: Settings) -> list[Finding]:
    """Judge the clouds' newest cost Reports; `expected` are the clouds whose bills the configuration names."""
    told = once_each(told, str(month))
    readings = [one.readings for one in told if one.known and one.readings is not None]
    costs = _costs(told, expected, month)
    total = grand_total(costs)
    tagged, ends = tags(readings, str(month)), forecasts(readings, str(month))
    models = tagged.sums(settings.bills.model_tag)
    limits = [limit for limit in budget_limits(settings) if not limit.cloud]  # a cloud judges its own
    return [
        _total(total, month),
        *budget_findings(limits, costs, ends, every_cloud=True, tagged=tagged),
        *map(_unit, unit_costs(models, uses(readings, str(month)))),
    ]


def once_each(told: Sequence[Newest], month: str) -> list[Newest]:
    """
    Keep one Report a provider: a billing API and a delivered export tell the same bill, and it is counted once.

    A Report of the month goes before one of another month, and the first scope before the later ones.
    """
    kept, claimed = [], set[str]()
    for one in sorted(told, key=lambda one: ((one.readings or {}).get("month") != month, one.cloud, one.scope)):
        providers = {key.removeprefix("status/") for key in one.readings or {} if key.startswith("status/")}
        if not one.known or providers - claimed:
            kept.append(one)
            claimed |= providers
    return kept


def _costs(told: Sequence[Newest], expected: frozenset[str], month: Month) -> dict[str, ProviderCost]:
    """Each expected cloud's cost, from whichever Report tells it; a laptop's Report may tell several."""
    newest: dict[str, Mapping[str, Any] | None] = {
        f"{one.cloud}/{one.scope}": one.readings for one in told if one.known
    }
    found = {name: cost for name, cost in all_clouds(newest, str(month)).items() if name in expected}
    reasons = {one.cloud: one.unknown for one in told if not one.known}
    for cloud in expected - set(found):
        reason = reasons.get(cloud) or reasons.get("local") or "it has sent no report"
        found[cloud] = ProviderCost("unknown", {}, {}, reason=reason)
    return dict(sorted(found.items()))


def _total(total: Total, month: Month) -> Finding:
    if not total.is_exact:
        return unknown("cost.total", "all", reason=f"The total of {month} is {total}.")
    return Finding("cost.total", "all", Verdict.OK, f"The total of {month} is {total}.", value=total.amount)


def _unit(cost: UnitCost) -> Finding:
    subject, labels = cost.model, {"model": cost.model, "cloud": cost.cloud}
    if cost.per_thousand is None:
        return unknown("cost.unit", subject, reason=f"{cost.model} on {cost.cloud}: {cost.reason}.", labels=labels)
    said = f"{plain(cost.per_thousand)} {cost.currency} for 1,000 predictions"
    evidence: dict[str, float | str] = {
        "predictions": cost.predictions or 0,
        "cost": plain(cost.cost or cost.per_thousand),
    }
    if cost.per_point is not None:
        said += f", {plain(cost.per_point)} for a point of accuracy"
        evidence["cost_per_accuracy_point"] = plain(cost.per_point)
    reason = f"{cost.model} costs {said} on {cost.cloud}."
    return Finding("cost.unit", subject, Verdict.OK, reason, value=cost.per_thousand, labels=labels, evidence=evidence)
