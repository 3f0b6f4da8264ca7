"""
Cost across clouds: what a cloud's Report carries for the hub's `rollup`, and what the hub makes of all of them.

A cloud's readings are text alone, so that no digit is lost on the wire: `billed/aws/USD`, `effective/aws/USD`,
`status/aws`, `reason/aws`, `until/aws`, `month`, `forecast/aws/USD`, `tag:model/fraud_detection_v2/aws/USD`,
`predictions/fraud_detection_v2/aws` and `accuracy/fraud_detection_v2/aws`. A cloud whose newest Report is missing or
too old is unknown, and the total is "at least".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from nephoscope.cost.bill import TAG, Group
from nephoscope.cost.forecast import Forecast
from nephoscope.cost.money import plain, total
from nephoscope.cost.totals import ProviderCost
from nephoscope.cost.unit_economics import ModelUse


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


def forecast_readings(provider: str, currency: str, found: Forecast) -> dict[str, str]:
    """Write one provider's forecast."""
    numbers = (found.spent, found.expected, found.low, found.high)
    return {f"forecast/{provider}/{currency}": " ".join([*map(plain, numbers), str(found.days_left)])}


def forecast(readings: Iterable[Mapping[str, Any]], month: str) -> Forecast | None:
    """
    Add the clouds' forecasts of one month up; their errors are taken to be independent.

    Returns:
        None where there is none, or where they are in several currencies.
    """
    parts: list[Forecast] = []
    currencies: set[str] = set()
    for one in readings:
        for key, value in one.items():
            if key.startswith("forecast/") and one.get("month") == month:
                *numbers, days_left = str(value).split()
                spent, expected, low, high = map(Decimal, numbers)
                parts.append(Forecast(spent, expected, low, high, int(days_left)))
                currencies.add(key.rsplit("/", 1)[1])
    if len(currencies) != 1:
        return None
    spent, expected = (total(getattr(part, name) for part in parts) for name in ("spent", "expected"))
    half = Decimal(str(round(math.hypot(*(float(part.high - part.expected) for part in parts)), 2)))
    return Forecast(
        spent, expected, max(spent, expected - half), expected + half, max(part.days_left for part in parts)
    )


def uses(readings: Iterable[Mapping[str, Any]], month: str) -> dict[tuple[str, str], ModelUse]:
    """Read what each (model, cloud) did in one month."""
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for one in readings:
        for key, value in one.items():
            measure, _, place = key.partition("/")
            if measure in ("predictions", "accuracy") and one.get("month") == month:
                model, cloud = place.rsplit("/", 1)
                found[model, cloud][measure] = str(value)
    return {place: _use(measures) for place, measures in found.items()}


def _use(measures: Mapping[str, str]) -> ModelUse:
    predictions, accuracy = measures.get("predictions"), measures.get("accuracy")
    return ModelUse(int(predictions) if predictions else None, float(accuracy) if accuracy else None)


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
        for provider, cost in from_readings(one, month).items():
            if provider not in found or found[provider].status == "unknown":
                found[provider] = cost
    return found
