"""
A timer fired, or a delivery's manifest landed: read the bill, judge it, tell.

A deployed function asks its own cloud alone. What no single cloud can know (the total, a budget over all of them) is
made by `rollup` from the readings that each Report carries.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec

from nephoscope.cost.across import forecast_readings, readings
from nephoscope.cost.anomaly import Anomaly
from nephoscope.cost.bill import Bill
from nephoscope.cost.export_place import folder_of
from nephoscope.cost.judged import anomaly_findings, bill_findings, budget_findings, unbilled
from nephoscope.cost.lines import Answer, Line, Unknown
from nephoscope.cost.month import Month
from nephoscope.cost.month_ends import Ends, by_provider, month_ends, of_tag
from nephoscope.cost.recommendations import recommendations
from nephoscope.cost.reconciliation import reconciled
from nephoscope.cost.report import CostReport
from nephoscope.cost.tagged import Tag, Tagged, tagged
from nephoscope.cost.totals import provider_costs
from nephoscope.cost.views import accounts
from nephoscope.events import Event, ObjectWritten, TimerFired
from nephoscope.findings import Finding
from nephoscope.jobs.bill_asking import ask, heeded
from nephoscope.jobs.model_use import model_use
from nephoscope.outbox import Outbox, run_id
from nephoscope.ports import Advice, Bills, Deliveries, Metrics
from nephoscope.report import Coverage, Report
from nephoscope.settings import Settings
from nephoscope.settings.spending import anomaly_limits, budget_limits, clouds_with_bills, watched_tags
from nephoscope.settings.timers import next_due_seconds

JOB: Final = "cost"
SCOPE: Final = "bill"
DELIVERED_SECONDS: Final = 86_400.0  # an export of a running month comes once a day, or more often


def run(
    event: TimerFired,
    *,
    bills: Mapping[str, Bills],
    outbox: Outbox,
    settings: Settings,
    stores: Mapping[str, Metrics] | None = None,
    advice: Mapping[str, Advice] | None = None,
) -> Report:
    """
    Judge the month of the day before, in each cloud whose bill can be asked for.

    Where `stores` are given they are asked what the models did, so that `rollup` can tell what that cost. What
    the clouds themselves recommend goes into the stored report.

    Raises:
        Transient: The ledger or the topic does not answer; the Event is delivered again.
    """
    if (told := outbox.told(event, JOB)) is not None:
        return told
    started = time.perf_counter()
    month = Month.at(event.at - timedelta(days=1))
    look = settings.bills.anomalies
    asked = ask(bills, month, tags=watched_tags(settings), history_months=look.history_months)

    anomalies = _anomalies(asked.bill, settings)
    advised, bill = heeded(asked.bill, advice or {})
    report = CostReport.of(bill, at=event.at, answers=asked.answers, anomalies=anomalies, recommendations=advised)
    tags = tagged(asked.tagged, str(month), asked.untold)
    findings, carried = _judged(
        report, asked.history, tags, month, settings, every_cloud=_asked_all(report, outbox, settings)
    )
    if "rollup" not in settings.timers:  # which knows of exports as well
        findings = (*findings, *_unbilled(outbox, settings))
    carried |= model_use(stores or {}, month.first, month.told_until(event.at), settings)

    _store(outbox, event, month, report)
    return outbox.publish(
        event,
        JOB,
        SCOPE,
        findings,
        coverage=asked.coverage,
        readings=carried,
        inputs={cloud: str(month) for cloud in bills},
        interval_seconds=next_due_seconds(settings, JOB, event),
        duration_seconds=time.perf_counter() - started,
    )


def run_on_delivery(
    event: ObjectWritten,
    *,
    deliveries: Deliveries,
    outbox: Outbox,
    settings: Settings,
    bills: Mapping[str, Bills] | None = None,
) -> Report:
    """
    Judge the bill that a landed manifest lists.

    Of a month that is over only the bill is told, reconciled with the `bills` that are given: its budgets and what
    stands out in it have made way for the next month's.

    Raises:
        BadPayload: The manifest is not there any more.
        Transient: A store does not answer; the Event is delivered again.
    """
    if (told := outbox.told(event, JOB)) is not None:
        return told
    started = time.perf_counter()
    tags = watched_tags(settings)
    bill = deliveries.read(event.object, by=("provider", "service"), tags=tags)
    month = Month.of(bill.month or _newest_month(bill, Month.at(event.at)))
    if all(line.month for line in bill.lines):
        bill = replace(bill, month=str(month))
    over = month.end <= event.at.date()

    report = CostReport.of(
        bill,
        at=event.at,
        anomalies=_anomalies(bill, settings),
        recommendations=recommendations(bill.uses),
    )
    # The lines of any one tag are all the charges, by day.
    by_day = bill.tagged[settings.bills.model_tag]
    judged, carried = _judged(report, by_day, tagged(bill.tagged, str(month)), month, settings, every_cloud=False)
    told_of_it = bill_findings(report.costs, bill.other_months)
    findings = (*told_of_it, *_reconciled(report, bills or {}, month)) if over else judged

    _store(outbox, event, month, report)
    return outbox.publish(
        event,
        JOB,
        _scope(event.object.key, str(month) if over else ""),
        findings,
        coverage=_coverage(bill.answers),
        readings=carried,
        inputs={event.object.url: event.object.version},
        interval_seconds=None if over else DELIVERED_SECONDS,
        duration_seconds=time.perf_counter() - started,
    )


def _scope(manifest: str, month: str) -> str:
    """
    The stream of one export, in which a new month follows the one before it.

    What still comes of a month that is over is a stream of that month.

    >>> _scope("exports/focus/20260501-20260531/202605030612/5f0c7a1e-1111-2222-3333-444455556666/manifest.json", "")
    'bill/exports/focus'
    >>> _scope("exp/metadata/BILLING_PERIOD=2026-05/exp-Manifest.json", "2026-05")
    'bill/exp/metadata/2026-05'
    """
    return "/".join(filter(None, [SCOPE, folder_of(manifest), month]))


def _newest_month(bill: Bill, now: Month) -> str:
    """The newest month of a bill's charges, where no manifest tells it; none that is still to come."""
    return max((line.month for line in bill.lines if line.month and line.month <= str(now)), default=str(now))


def _anomalies(bill: Bill, settings: Settings) -> list[Anomaly]:
    from nephoscope.cost.anomalies import cost_anomalies  # numpy is loaded with the first bill, not with the function

    return cost_anomalies(bill.daily, anomaly_limits(settings), tagged=bill.tagged, by_account=bill.by_account)


def _asked_all(report: CostReport, outbox: Outbox, settings: Settings) -> bool:
    """Whether a budget over all clouds is judged here: every one was asked, and no `rollup` knows of more."""
    named = clouds_with_bills(settings)
    left_to_rollup = outbox.cloud != "local" and "rollup" in settings.timers
    return bool(named) and named <= set(report.costs) and not left_to_rollup


def _unbilled(outbox: Outbox, settings: Settings) -> list[Finding]:
    """The budgets that no bill is told for; a deployed function leaves those of one cloud to that cloud's exports."""
    limits = [limit for limit in budget_limits(settings) if not limit.cloud or outbox.cloud == "local"]
    return unbilled(limits, clouds_with_bills(settings))


def _judged(
    report: CostReport, history: Sequence[Line], tags: Tagged, month: Month, settings: Settings, *, every_cloud: bool
) -> tuple[tuple[Finding, ...], dict[str, str]]:
    """Judge a bill; beside its Findings stand the readings that `rollup` needs of it."""
    limits, bill = budget_limits(settings), report.bill
    named = {limit.tag for limit in limits if limit.tag}
    ends = _ends(history, bill.tagged, named, str(month))
    charged = accounts(bill.by_account) | accounts(bill.of_its_month)
    carried = readings(str(month), report.costs, tags.only(named, every=settings.bills.model_tag), charged)
    findings = (
        *bill_findings(report.costs, bill.other_months),
        *budget_findings(limits, report.costs, ends, every_cloud=every_cloud, tagged=tags),
        *anomaly_findings(report.anomalies, bill, anomaly_limits(settings)),
    )
    return findings, carried | forecast_readings(ends)


def _ends(
    history: Sequence[Line], tagged: Mapping[str, Sequence[Line]], named: Collection[Tag], month: str
) -> dict[Tag | None, Ends]:
    """Forecast the month's end of everything, and of each tag that a budget names."""
    by_key = {key: month_ends(tagged.get(key, ()), month, tag=key) for key, _ in named}
    ends: dict[Tag | None, Ends] = {tag: of_tag(by_key[tag[0]], tag[1]) for tag in sorted(named)}
    return {None: by_provider(month_ends(history, month)), **ends}


def _reconciled(report: CostReport, bills: Mapping[str, Bills], month: Month) -> list[Finding]:
    """Hold an export of a month that is over against the provider's own total."""
    theirs = provider_costs({cloud: bills[cloud].lines(str(month)) for cloud in sorted(set(bills) & set(report.costs))})
    return [reconciled(cloud, str(month), report.costs[cloud], cost) for cloud, cost in theirs.items()]


def _store(outbox: Outbox, event: Event, month: Month, report: CostReport) -> None:
    """Write the whole report beside the ledger; that of a repeated Event stands already."""
    body = msgspec.json.encode({"schema": "nephoscope.cost.report/1", **report.document})
    outbox.ledger.create(f"cost/{month}/{run_id(event, JOB)}.json", body)


def _coverage(answers: Mapping[str, Answer]) -> Coverage:
    silent = tuple(cloud for cloud, answer in answers.items() if isinstance(answer, Unknown))
    return Coverage(len(answers), len(answers) - len(silent), silent)
