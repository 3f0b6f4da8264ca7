"""Hold a window against its Baseline: one Finding for each column and check, whatever is found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from nephoscope.drift.judgement import reason_of
from nephoscope.drift.limits import DriftLimits, severity_of
from nephoscope.drift.pair import NotComputable, pair
from nephoscope.drift.preset_findings import preset_findings, unknown_findings
from nephoscope.drift.profile import Profile
from nephoscope.drift.schema_change import CHECK as SCHEMA
from nephoscope.drift.schema_change import schema_finding
from nephoscope.drift.statistics import statistic
from nephoscope.drift.table_checks import Per, duplicates_finding, newest_finding, rows_finding
from nephoscope.errors import BadBaseline, Unreadable
from nephoscope.findings import Finding, Limit, Severity, Verdict, measured, unknown

TABLE = "drift.table"


def compare(
    baseline: Profile,
    window: Profile,
    limits: DriftLimits,
    *,
    dataset: str,
    at: datetime | None = None,
    per: Per = Per.OBJECT,
) -> tuple[Finding, ...]:
    """
    Judge a window.

    Args:
        baseline: What drift is measured from.
        window: The same table later, profiled over the baseline's bins.
        limits: What to look at. Each check of it gets a Finding in every run.
        dataset: The table's name.
        at: When the window landed; its age is judged where it is given.
        per: What of the baseline the window's rows are held against.
    """
    columns = [_finding(baseline, window, name, check, limit, dataset) for name, check, limit in limits.each()]
    derived = preset_findings(baseline, window, limits.rules, dataset=dataset) if limits.rules else ()
    rows = [rows_finding(baseline, window, limits.rows, dataset=dataset, per=per)] if limits.rows else []
    key = limits.key or baseline.key
    rows += [duplicates_finding(baseline, window, key, dataset=dataset)] if key else []
    newest = [
        newest_finding(window, column, limit, dataset=dataset, at=at)
        for column, limit in limits.newest.items()
        if at is not None
    ]
    told_already = {(finding.check, finding.subject) for finding in columns}
    return (
        table_finding(window, dataset),
        schema_finding(baseline, window, dataset=dataset),
        *columns,
        *(finding for finding in derived if (finding.check, finding.subject) not in told_already),
        *rows,
        *newest,
    )


def table_finding(window: Profile, dataset: str) -> Finding:
    """A table was read; this is what resolves an Alert that one could not be."""
    return Finding(
        TABLE,
        dataset,
        Verdict.OK,
        f"{window.rows:,} rows were read.",
        labels={"dataset": dataset},
        evidence={"rows": window.rows},
    )


def unreadable(
    limits: DriftLimits,
    dataset: str,
    error: Unreadable | BadBaseline,
    *,
    baseline: Profile | None = None,
    at: datetime | None = None,
) -> tuple[Finding, ...]:
    """
    The Findings of `compare` when the landed object could not be read: everything is unknown, and says why.

    Args:
        limits: What would have been looked at.
        dataset: The table's name.
        error: Why it was not.
        baseline: What the window would have been compared with, where it is known.
        at: When the window landed.
    """
    labels, why = {"dataset": dataset}, error.what
    columns = [
        unknown(f"drift.{check}", f"{dataset}/{name}", reason=why, limit=limit, labels=labels, evidence=_why(error))
        for name, check, limit in limits.each()
    ]
    derived = unknown_findings(baseline, limits.rules, dataset=dataset, why=why) if baseline and limits.rules else ()
    rows = [rows_finding(baseline, None, limits.rows, dataset=dataset, why=why)] if baseline and limits.rows else []
    key = limits.key or (baseline.key if baseline else ())
    rows += [duplicates_finding(baseline, None, key, dataset=dataset, why=why)] if baseline and key else []
    newest = [
        newest_finding(None, column, limit, dataset=dataset, at=at, why=why)
        for column, limit in limits.newest.items()
        if at is not None
    ]
    told_already = {(finding.check, finding.subject) for finding in columns}
    return (
        *unread_table(error, dataset),
        *columns,
        *(finding for finding in derived if (finding.check, finding.subject) not in told_already),
        *rows,
        *newest,
    )


def unread_table(error: Unreadable | BadBaseline, dataset: str) -> tuple[Finding, ...]:
    """The two Findings on a table as a whole when it could not be read."""
    labels, evidence = {"dataset": dataset}, _why(error)
    return (
        unknown(TABLE, dataset, reason=str(error), severity=Severity.HIGH, labels=labels, evidence=evidence),
        unknown(SCHEMA, dataset, reason=error.what, labels=labels, evidence=evidence),
    )


def _why(error: Unreadable | BadBaseline) -> Mapping[str, float | str]:
    return {"why": error.why if isinstance(error, Unreadable) else "NOT_COMPUTABLE"}


def _finding(baseline: Profile, window: Profile, name: str, check: str, limit: Limit, dataset: str) -> Finding:
    subject, labels = f"{dataset}/{name}", {"dataset": dataset}
    try:
        found = statistic(check, pair(baseline, window, name))
    except NotComputable as why:
        return unknown(f"drift.{check}", subject, reason=str(why), limit=limit, labels=labels)
    return measured(
        f"drift.{check}",
        subject,
        found.value,
        limit,
        reason=reason_of(check, found, limit),
        severity=severity_of(check, found.value),
        labels=labels,
        evidence={"bound": found.bound},
    )
