"""
Cost across clouds: what a cloud's Report carries for the hub's `rollup`, and what the hub makes of all of them.

A cloud's readings are text alone, so that no digit is lost on the wire: `billed/aws/USD`, `effective/aws/USD`,
`status/aws`, `reason/aws`, `until/aws`, `month`, `forecast/aws/USD`, `tag:model/fraud_detection_v2/aws/USD` (billed and
effective), `carries/model/aws` (some charge carries that key), `untold/model/aws` (why its tags are not known),
`forecast/model/fraud_detection_v2/aws/USD`, `accounts/aws` (whose bill it is), `predictions/fraud_detection_v2/aws` and
`accuracy/fraud_detection_v2/aws`. A cloud whose newest Report is missing or too old is unknown, and the total is "at
least".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from nephoscope.cost.bill import TAG
from nephoscope.cost.forecast import Forecast
from nephoscope.cost.money import plain, total
from nephoscope.cost.month_ends import Ends, added
from nephoscope.cost.tagged import Tag, Tagged
from nephoscope.cost.totals import ProviderCost, provider_cost
from nephoscope.cost.unit_economics import ModelUse
from nephoscope.cost.views import Accounts

NO_TAGS = Tagged()
_CARRIES, _UNTOLD, _END, _ACCOUNTS = "carries/", "untold/", "forecast/", "accounts/"


def readings(
    month: str,
    costs: Mapping[str, ProviderCost],
    tags: Tagged = NO_TAGS,
    charged: Mapping[str, Accounts] = MappingProxyType({}),
) -> dict[str, str]:
    """
    Write a cloud's costs as the readings of its Report.

    Args:
        month: "2026-05".
        costs: What each provider charged.
        tags: What is needed of the costs by tag.
        charged: The accounts of each provider, where they are told.
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
    for tag, parts in tags.costs.items():
        for provider, cost in parts.items():
            for currency, billed in cost.billed.items():
                place = _place(TAG, *tag, provider, currency)
                found[place] = f"{_text(billed)} {_text(cost.effective.get(currency))}"
    for key, provider in sorted(tags.carried):
        found[_place(_CARRIES, key, provider)] = "yes"
    for (key, provider), reason in tags.untold.items():
        found[_place(_UNTOLD, key, provider)] = reason
    for provider, names in charged.items():
        found[_place(_ACCOUNTS, provider)] = " ".join(sorted(names))
    return found


def _place(kind: str, *parts: str) -> str:
    """
    Make a reading's key; a part may hold a slash.

    >>> _place(TAG, "team", "ml/ops"), _parts(TAG, "tag:team/ml%2Fops")
    ('tag:team/ml%2Fops', ['team', 'ml/ops'])
    """
    return kind + "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def _parts(kind: str, key: str) -> list[str]:
    return [part.replace("%2F", "/").replace("%25", "%") for part in key.removeprefix(kind).split("/")]


def _text(amount: Decimal | None) -> str:
    return "-" if amount is None else plain(amount)


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


def tags(readings: Iterable[Mapping[str, Any]], month: str) -> Tagged:
    """Read the costs by tag out of the clouds' readings of one month."""
    measures: dict[tuple[Tag, str], tuple[dict[str, Decimal | None], ...]] = defaultdict(lambda: ({}, {}))
    carried: set[tuple[str, str]] = set()
    untold: dict[tuple[str, str], str] = {}
    for key, written in _of_month(readings, month):
        if key.startswith(TAG):
            name, value, provider, currency = _parts(TAG, key)
            amounts = (None if text == "-" else Decimal(text) for text in str(written).split())
            for sums, amount in zip(measures[(name, value), provider], amounts, strict=False):
                sums[currency] = _sum(sums.get(currency, Decimal(0)), amount)
        elif key.startswith(_CARRIES):
            name, provider = _parts(_CARRIES, key)
            carried.add((name, provider))
        elif key.startswith(_UNTOLD):
            name, provider = _parts(_UNTOLD, key)
            untold[name, provider] = str(written)
    costs: dict[Tag, dict[str, ProviderCost]] = defaultdict(dict)
    for (tag, provider), (billed, effective) in measures.items():
        costs[tag][provider] = provider_cost(billed, effective)
    return Tagged(dict(costs), frozenset(carried), untold)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else total([one, other])


def _of_month(readings: Iterable[Mapping[str, Any]], month: str) -> Iterator[tuple[str, Any]]:
    for one in readings:
        if one.get("month") == month:
            yield from one.items()


def forecast_readings(ends: Mapping[Tag | None, Ends]) -> dict[str, str]:
    """Write forecasts: of all that a provider charges, and of tags."""
    found = {}
    for tag, places in ends.items():
        for (provider, currency), end in places.items():
            numbers = (end.spent, end.expected, end.low, end.high)
            place = _place(_END, *(tag or ()), provider, currency)
            found[place] = " ".join([*map(plain, numbers), str(end.days_left)])
    return found


def forecasts(readings: Iterable[Mapping[str, Any]], month: str) -> dict[Tag | None, Ends]:
    """Read the clouds' forecasts of one month."""
    found: dict[Tag | None, dict[tuple[str, str], list[Forecast]]] = defaultdict(lambda: defaultdict(list))
    for key, written in _of_month(readings, month):
        if not key.startswith(_END):
            continue
        *tag, provider, currency = _parts(_END, key)
        *numbers, days_left = str(written).split()
        spent, expected, low, high = map(Decimal, numbers)
        of = (tag[0], tag[1]) if tag else None
        found[of][provider, currency].append(Forecast(spent, expected, low, high, int(days_left)))
    return {of: {place: added(parts) for place, parts in places.items()} for of, places in found.items()}


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
            found[provider] = _joined(found[provider], cost) if provider in found else cost
    return found


def _joined(one: ProviderCost, other: ProviderCost) -> ProviderCost:
    """Two bills of one provider; unknown where one of them is."""
    unknown = one.status == "unknown" or other.status == "unknown"
    untils = [cost.complete_until for cost in (one, other) if cost.complete_until is not None]
    return ProviderCost(
        "unknown" if unknown else "known",
        _added(one.billed, other.billed),
        _added(one.effective, other.effective),
        min(untils) if len(untils) == 2 else None,
        "; ".join(filter(None, (one.reason, other.reason))),
    )


def _added(one: Mapping[str, Decimal | None], other: Mapping[str, Decimal | None]) -> dict[str, Decimal | None]:
    nothing = Decimal(0)
    return {currency: _sum(one.get(currency, nothing), other.get(currency, nothing)) for currency in {**one, **other}}


def providers(readings: Mapping[str, Any]) -> list[str]:
    """The providers that a Report tells of."""
    return [key.removeprefix("status/") for key in readings if key.startswith("status/")]


def charged(readings: Mapping[str, Any], provider: str) -> Accounts:
    """The accounts that a Report tells of a provider; empty where it does not."""
    return frozenset(str(readings.get(_place(_ACCOUNTS, provider), "")).split())


def without(readings: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """A Report's readings without what they tell of one provider's bill."""
    return {key: value for key, value in readings.items() if _provider(key) != provider}


def _provider(key: str) -> str | None:
    """Whose bill a reading is about; None where it is about none."""
    if key.startswith((TAG, _END)):
        return _parts("", key)[-2]
    if key.startswith((_CARRIES, _UNTOLD, _ACCOUNTS)):
        return _parts("", key)[-1]
    kind, _, place = key.partition("/")
    return place.partition("/")[0] if kind in ("status", "reason", "until", "billed", "effective") else None
