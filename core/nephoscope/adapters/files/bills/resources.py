"""The dearest resources of a bill, and how they were used: what recommendations rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import duckdb

from nephoscope.adapters.files.bills.columns import literal
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.adapters.files.bills.sums import first_of, key_expression
from nephoscope.cost.providers import provider
from nephoscope.cost.resource_use import ResourceUse

DEAREST = 500
# Which charges a rule may speak of at all, by keys of the cube.
SPOKEN_OF = (
    "lower(category) IN ('ai and machine learning', 'compute', 'storage') OR idle OR NOT tagged "
    "OR lower(commitment_status) = 'unused'"
)
_KEYS = ("service", "category", "account", "resource", "pricing", "commitment", "commitment_status", "unit")


def resource_uses(
    relation: duckdb.DuckDBPyRelation, charges: Charges, *, month: str | None = None
) -> list[ResourceUse]:
    """
    Read the dearest resources by effective cost, with the hours of those whose hours a rule may ask for.

    Args:
        relation: The rows of files of one shape.
        charges: What their columns mean.
        month: "2026-05": only this billing period.
    """
    asked = "true" if month is None else f"{key_expression(charges, 'month')} = {first_of(month)}"
    usage = relation.filter(f"lower({charges.charge}) = 'usage' AND NOT {charges.correction} AND {asked}")
    dearest = _dearest(usage, charges)
    names = ", ".join(map(literal, dearest)) or "NULL"
    named = usage.filter(f"{charges.resource} IN ({names}) OR lower({charges.commitment_status}) = 'unused'")
    # One bit a day: two months of days are told apart.
    day = f"1::BIGINT << ((epoch(({charges.start})::DATE)::BIGINT // 86400 % 62 + 62) % 62)::INTEGER"
    columns = [f"{getattr(charges, key)} AS {key}" for key in _KEYS]
    columns += [f"{charges.provider} AS provider", f"upper({charges.currency}) AS currency"]
    columns += [f"{charges.tagged} AS tagged", f"{charges.idle} AS idle", f"{charges.description} AS description"]
    columns += [f"{charges.effective.slow.decimal} AS cost", f"{day} AS day"]
    keys = ", ".join(["provider", "currency", *_KEYS, "tagged", "idle"])
    aggregates = f"{keys}, any_value(description) AS description, sum(cost) AS cost, bit_count(bit_or(day)) AS days"
    found = named.project(", ".join(columns)).aggregate(aggregates, keys).filter("cost > 0 AND currency IS NOT NULL")
    return _with_hours(usage, charges, [_use(row) for row in found.fetchall()])


def _dearest(usage: duckdb.DuckDBPyRelation, charges: Charges) -> list[str]:
    """The resources that cost the most; to rank them, doubles will do."""
    effective = charges.effective
    amount = f"coalesce(({effective.decimal})::DOUBLE, ({effective.quick or 'NULL'})::DOUBLE)"
    ranked = usage.project(f"{charges.resource} AS resource, {amount} AS cost").filter("resource IS NOT NULL")
    rows = ranked.aggregate("resource, sum(cost) AS cost", "resource").order("cost DESC").limit(DEAREST).fetchall()
    return [resource for resource, _ in rows]


def _use(row: tuple[object, ...]) -> ResourceUse:
    name, currency, *values = row
    *texts, tagged, idle, description, cost, days = values
    found = dict(zip(_KEYS, texts, strict=True))
    return ResourceUse(
        provider=provider(str(name or "")),
        currency=str(currency),
        cost=cost,  # type: ignore[arg-type]
        tagged=tagged,  # type: ignore[arg-type]
        idle=bool(idle),
        description=description,  # type: ignore[arg-type]
        days=int(str(days)),
        **found,  # type: ignore[arg-type]
    )


def _with_hours(relation: duckdb.DuckDBPyRelation, charges: Charges, uses: Sequence[ResourceUse]) -> list[ResourceUse]:
    """Read the hours of the AI and compute resources, where the bill has rows of an hour."""
    wanted = [use.resource for use in uses if use.resource and "storage" not in (use.category or "").lower()]
    if not wanted:
        return list(uses)
    names = ", ".join(map(literal, dict.fromkeys(wanted)))
    hourly = f"{charges.end} <= {charges.start} + INTERVAL 1 HOUR AND {charges.resource} IN ({names})"
    columns = f"{charges.resource} AS resource, date_trunc('hour', {charges.start}) AS hour"
    rows = (
        relation.filter(hourly)
        .project(f"{columns}, ({charges.effective.slow.decimal})::DOUBLE AS cost")
        .aggregate("resource, sum(cost) AS cost", "resource, hour")
        .fetchall()
    )
    hours: dict[str, list[float]] = defaultdict(list)
    for resource, cost in rows:
        hours[resource].append(cost or 0.0)
    return [_timed(use, hours.get(use.resource or "")) for use in uses]


def _timed(use: ResourceUse, costs: Sequence[float] | None) -> ResourceUse:
    if not costs or max(costs) <= 0:
        return use
    return replace(use, hours=len(costs), steadiness=fmean(costs) / max(costs))
