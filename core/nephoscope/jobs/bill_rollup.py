"""
The hub's judgement of all clouds' bills together: the total and its budgets, the month's end, and what models cost for
what they do. Each cloud's newest `cost` Report carries what it knows; a cloud that sent none is unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nephoscope.cost.across import all_clouds, charged, forecasts, providers, tags, uses, without
from nephoscope.cost.bill import UNTOLD
from nephoscope.cost.judged import budget_findings, unbilled
from nephoscope.cost.money import plain
from nephoscope.cost.month import Month
from nephoscope.cost.totals import ProviderCost, Total, grand_total
from nephoscope.cost.unit_economics import UnitCost, unit_costs
from nephoscope.cost.views import apart
from nephoscope.findings import Finding, Verdict, unknown
from nephoscope.jobs.bill_asking import before
from nephoscope.jobs.cost import JOB, SCOPE
from nephoscope.jobs.rollup import Newest
from nephoscope.settings import Settings
from nephoscope.settings.spending import budget_limits, clouds_with_bills
from nephoscope.settings.timers import slot_before

TURN = timedelta(hours=1)  # which a job has from its slot to its Report
_CLOSED = re.compile(r"/(\d{4}-\d{2})$")  # the stream of an export's month that is over
_OVERLAP = "two of its exports share some accounts and not others: what they cost together is not known"


def bill_check(settings: Settings, at: datetime) -> Callable[[Sequence[Newest]], Sequence[Finding]]:
    """The check that `rollup` asks, for the newest month that the job `cost` has had a turn to tell."""

    def check(newest: Sequence[Newest]) -> Sequence[Finding]:
        told = [one for one in newest if one.job == JOB]
        month = _month(told, settings, at)
        expected = clouds_with_bills(settings) | exported(told, month)
        judged = across(told, expected, month, settings) if expected else []
        return [*judged, *unbilled(budget_limits(settings), expected)]

    return check


def _month(told: Iterable[Newest], settings: Settings, at: datetime) -> Month:
    """The month of the day before, but not before its first Report is due: until then it is the month before."""
    yesterday = Month.at(at - timedelta(days=1))
    if JOB not in settings.timers:
        return yesterday
    due = Month.at(slot_before(settings.timers[JOB], at.astimezone(UTC) - TURN) - timedelta(days=1))
    readings = [one.readings or {} for one in told if _is_api(one) and one.known]
    return min(yesterday, max([due, *(Month.of(one["month"]) for one in readings if "month" in one)]))


def exported(told: Iterable[Newest], month: Month) -> frozenset[str]:
    """
    The providers whose bills come by exports, whether the configuration names them or not.

    An export that told nothing in the month nor in the one before it has ended.
    """
    return frozenset(name for one in told if _is_export(one, month) for name in _told_by(one))


def _told_by(one: Newest) -> set[str]:
    """The providers that a Report is about; where it could not read whose bill it was, the cloud it came from."""
    named = providers(one.readings or {}) or [of.labels["provider"] for of in one.findings if of.check == "cost.bill"]
    return {one.cloud if name == UNTOLD and one.cloud != "local" else name for name in named or [UNTOLD]}


def across(told: Sequence[Newest], expected: frozenset[str], month: Month, settings: Settings) -> list[Finding]:
    """Judge the clouds' newest cost Reports; `expected` are the clouds whose bills have to be known."""
    views = _views(told, str(month))
    told = once_each(told, str(month))
    readings = [one.readings for one in told if one.known and one.readings is not None]
    costs = _costs(told, expected, month)
    silent = Counter(name for one in told for name in _silent(one, month) if costs[name].status == "known")
    left_out = views - _views(told, str(month)) + silent
    total = grand_total(costs)
    tagged, ends = tags(readings, str(month)), forecasts(readings, str(month))
    models = tagged.sums(settings.bills.model_tag)
    limits = [limit for limit in budget_limits(settings) if not limit.cloud]  # a cloud judges its own
    return [
        _total(total, month, left_out),
        *budget_findings(limits, costs, ends, every_cloud=True, tagged=tagged),
        *map(_unit, unit_costs(models, uses(readings, str(month)))),
    ]


def once_each(told: Sequence[Newest], month: str) -> list[Newest]:
    """
    Leave one view of each bill: a billing API and a delivered export tell the same bill, and it is counted once.

    The bills of two payers have no account in common, and are added; of those that share accounts the widest counts. A
    Report of another month counts only where there is none of the month; what knows the bill goes before what does not,
    and of views that are equally wide an API before exports, and the newest first. An export that stopped coming is no
    view of anything, and leaves the bill unknown unless an API tells it.
    """
    known = [one for one in told if one.known]
    kept = {(one.cloud, one.scope): dict(one.readings or {}) for one in known}
    for provider in sorted({name for one in known for name in providers(one.readings or {})}):
        views = sorted(
            (one for one in known if provider in providers(one.readings or {})),
            key=lambda one: _preference(one, provider, month),
        )
        chosen, whole = _chosen([one for one in views if _is_of(one, month)] or views[:1], provider)
        missing = _OVERLAP if not whole else _lost(told, chosen, provider, month)
        for one in views:
            place = one.cloud, one.scope
            if one not in chosen:
                kept[place] = without(kept[place], provider)
            elif missing:
                kept[place] |= {f"status/{provider}": "unknown", f"reason/{provider}": missing}
    return [replace(one, readings=kept[one.cloud, one.scope]) if one.known else one for one in told]


def _chosen(views: Sequence[Newest], provider: str) -> tuple[list[Newest], bool]:
    """The Reports to add up, those that know the bill before others; one that does not may still be of another bill."""
    known = [one for one in views if _knows(one, provider)] or list(views)
    counted, whole = apart([charged(one.readings or {}, provider) for one in known])
    chosen = [known[place] for place in counted]
    held = frozenset[str]().union(*(charged(one.readings or {}, provider) for one in chosen))
    for one in views:
        own = charged(one.readings or {}, provider)
        if one not in known and held and own and not own & held:
            chosen.append(one)
    return chosen, whole


def _knows(one: Newest, provider: str) -> bool:
    return (one.readings or {}).get(f"status/{provider}") == "known"


def _preference(one: Newest, provider: str, month: str) -> tuple[bool, bool, bool, bool, timedelta, str, str]:
    age = datetime.max.replace(tzinfo=UTC) - one.at
    tells = bool(charged(one.readings or {}, provider))
    return not _is_of(one, month), not _knows(one, provider), not _is_api(one), tells, age, one.cloud, one.scope


def _is_api(one: Newest) -> bool:
    """Whether a Report asked a billing API, whose stream is the whole bill."""
    return one.scope == SCOPE


def _is_export(one: Newest, month: Month) -> bool:
    """Whether a Report is of an export that has told something in the month or in the one before it."""
    return not _is_api(one) and one.at.astimezone(UTC).date() >= before(month, 1)[0].first


def _is_of(one: Newest, month: str) -> bool:
    return (one.readings or {}).get("month") == month


def _lost(told: Iterable[Newest], chosen: Iterable[Newest], provider: str, month: str) -> str:
    """Why exports are not all of a cloud's bill: another one of them is not known. An API tells all of it."""
    if any(map(_is_api, chosen)):
        return ""
    return "; ".join(filter(None, (_missing(one, provider, month) for one in told)))


def _missing(one: Newest, provider: str, month: str) -> str:
    """Why an export tells nothing of a bill that it may be a part of; "" where it does, or is of none."""
    readings, untold = one.readings or {}, f"reason/{UNTOLD}"
    if one.known:
        return str(readings[untold]) if one.cloud == provider and _is_of(one, month) and untold in readings else ""
    return f"{one.scope}: {one.unknown}" if provider in _silent(one, Month.of(month)) else ""


def _silent(one: Newest, month: Month) -> set[str]:
    """The providers of whose month's bill an export may hold a part that is not known."""
    closed = _CLOSED.search(one.scope)
    of_another = closed is not None and closed[1] != str(month)
    return set() if one.known or of_another or not _is_export(one, month) else _told_by(one)


def _costs(told: Sequence[Newest], expected: frozenset[str], month: Month) -> dict[str, ProviderCost]:
    """Each expected cloud's cost, from whichever Reports tell it; a laptop's Report may tell several."""
    newest: dict[str, Mapping[str, Any] | None] = {
        f"{one.cloud}/{one.scope}": one.readings for one in told if one.known
    }
    found = {name: cost for name, cost in all_clouds(newest, str(month)).items() if name in expected}
    reasons = {name: why for one in told if (why := _why(one)) for name in (one.cloud, *_told_by(one))}
    for cloud in expected - set(found):
        reason = reasons.get(cloud) or reasons.get("local") or "it has sent no report"
        found[cloud] = ProviderCost("unknown", {}, {}, reason=reason)
    return dict(sorted(found.items()))


def _why(one: Newest) -> str:
    """Why a Report tells nothing of some bill; "" where it does."""
    return one.unknown or str((one.readings or {}).get(f"reason/{UNTOLD}", ""))


def _views(told: Iterable[Newest], month: str) -> Counter[str]:
    """How many Reports tell of each provider's bill of the month."""
    return Counter(name for one in told if one.known and _is_of(one, month) for name in providers(one.readings or {}))


def _total(total: Total, month: Month, left_out: Counter[str]) -> Finding:
    views = ", ".join(f"{count} of {provider}" for provider, count in sorted(left_out.items()))
    said = f"The total of {month} is {total}."
    # An API may not tell its accounts: whoever has another payer's export beside it sees here that it is not added.
    said += f" Taken for views of a bill that is counted already, and not added: {views}." if views else ""
    if not total.is_exact:
        return unknown("cost.total", "all", reason=said)
    return Finding("cost.total", "all", Verdict.OK, said, value=total.amount)


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
