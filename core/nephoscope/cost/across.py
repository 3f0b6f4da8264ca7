"""
Cost across clouds: what a cloud's Report carries for the hub's `rollup`, and what the hub makes of all of them.

A cloud's readings are text alone, so that no digit is lost on the wire: `billed/aws/USD`, `effective/aws/USD`,
`status/aws`, `reason/aws`, `until/aws`, `month`, and `tag:model/fraud_detection_v2/aws/USD`. A cloud whose newest
Report is missing or too old is unknown, and the total is "at least".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from nephoscope.cost.bill import TAG, Group
from nephoscope.cost.money import plain, total
from nephoscope.cost.totals import ProviderCost


def readings(
    month: str, costs: Mapping[str, ProviderCost], groups: Iterable[Group] = (), tag: str = ""
) -> dict[str, str]:
    """
    Write a cloud's costs as the readings of its Report.

    Args:
        month: "2026-05".
        costs: What each provider charged.
        groups: Sums by one tag, for unit economics and budgets by tag.
        tag: That tag's key.
    """
    found = {"month": month}
    for provider, cost in costs.items():
        found[f"status/{provider}"] = cost.status
        if cost.reason:
            found[f"reason/{provider}"] = cost.reason
        if cost.complete_until:
            found[f"until/{provider}"] = cost.complete_until.isoformat()
        for measure in ("billed", "effective"):
            for currency, amount in getattr(cost, measure).items():
                if amount is not None:
                    found[f"{measure}/{provider}/{currency}"] = plain(amount)
    for group in groups:
        amount = group.billed if group.effective is None else group.effective
        if group.keys[0] and amount is not None:
            found[f"{TAG}{tag}/{group.keys[0]}/{group.provider}/{group.currency}"] = plain(amount)
    return found


def from_readings(readings: Mapping[str, Any], month: str) -> dict[str, ProviderCost]:
    """Read a cloud's costs back; those of another month are unknown."""
    if readings.get("month") != month:
        told = readings.get("month") or "no month"
        reason = f"its newest report tells of {told}, not of {month}"
        return {
            key.split("/")[1]: ProviderCost("unknown", {}, {}, reason=reason)
            for key in readings
            if key.startswith("status/")
        }
    sums: dict[str, dict[str, dict[str, Decimal | None]]] = defaultdict(lambda: {"billed": {}, "effective": {}})
    for key, value in readings.items():
        measure, *place = key.split("/")
        if measure in ("billed", "effective"):
            sums[place[0]][measure][place[1]] = Decimal(str(value))
    return {
        key.removeprefix("status/"): _cost(key.removeprefix("status/"), readings, sums)
        for key in readings
        if key.startswith("status/")
    }


def _cost(
    provider: str, readings: Mapping[str, Any], sums: Mapping[str, Mapping[str, Mapping[str, Decimal | None]]]
) -> ProviderCost:
    status: Literal["known", "unknown"] = "known" if readings[f"status/{provider}"] == "known" else "unknown"
    until = readings.get(f"until/{provider}")
    measures = sums.get(provider, {"billed": {}, "effective": {}})
    return ProviderCost(
        status,
        measures["billed"],
        measures["effective"],
        datetime.fromisoformat(str(until)) if until else None,
        str(readings.get(f"reason/{provider}", "")),
    )


def by_tag(readings: Iterable[Mapping[str, Any]], tag: str, month: str) -> dict[tuple[str, str], dict[str, Decimal]]:
    """Read the costs of each (tag's value, provider) out of the clouds' readings of one month."""
    found: dict[tuple[str, str], dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    prefix = f"{TAG}{tag}/"
    for one in readings:
        if one.get("month") != month:
            continue
        for key, amount in one.items():
            if key.startswith(prefix):
                value, provider, currency = key.removeprefix(prefix).rsplit("/", 2)
                found[value, provider][currency].append(Decimal(str(amount)))
    return {place: {currency: total(amounts) for currency, amounts in sums.items()} for place, sums in found.items()}


def all_clouds(
    newest: Mapping[str, Mapping[str, Any] | None], month: str, *, stale: Mapping[str, str] | None = None
) -> dict[str, ProviderCost]:
    """
    Put the clouds together.

    Args:
        newest: By cloud, the readings of its newest `cost` Report; None where there is none.
        month: The month that is asked for.
        stale: By cloud, why its Report counts no more: "its newest report is 3 days old".

    Returns:
        One entry a provider. A cloud without a Report stands under its own name, unknown.
    """
    found: dict[str, ProviderCost] = {}
    for cloud, one in sorted(newest.items()):
        reason = (stale or {}).get(cloud) or ("it has sent no report" if one is None else "")
        if one is None or reason:
            found.setdefault(cloud, ProviderCost("unknown", {}, {}, reason=reason))
            continue
        found |= from_readings(one, month)
    return found
