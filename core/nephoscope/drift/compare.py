"""Hold a window against its Baseline: one Finding for each column and check, whatever is found."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope.drift.limits import CHECKS, DriftLimits
from nephoscope.drift.profile import Profile
from nephoscope.drift.schema_change import CHECK as SCHEMA
from nephoscope.drift.schema_change import schema_finding
from nephoscope.drift.statistics import Value, pair, statistic
from nephoscope.errors import BadBaseline, Unreadable
from nephoscope.findings import Finding, Limit, Severity, Verdict, measured, unknown

TABLE = "drift.table"


def compare(baseline: Profile, window: Profile, limits: DriftLimits, *, dataset: str) -> tuple[Finding, ...]:
    """
    Judge a window.

    Args:
        baseline: What drift is measured from.
        window: The same table later, profiled over the baseline's bins.
        limits: What to look at. Each column and check of it gets a Finding in every run.
        dataset: The table's name.
    """
    labels = {"dataset": dataset}
    table = Finding(
        TABLE, dataset, Verdict.OK, f"{window.rows:,} rows were read.", labels=labels, evidence={"rows": window.rows}
    )
    columns = [
        _finding(check, _value(check, baseline, window, name), limit, subject=f"{dataset}/{name}", labels=labels)
        for name, check, limit in limits.each()
    ]
    return (table, schema_finding(baseline, window, dataset=dataset), *columns)


def unreadable(limits: DriftLimits, dataset: str, error: Unreadable | BadBaseline) -> tuple[Finding, ...]:
    """The same Findings when the landed object could not be read: everything is unknown, and says why."""
    labels = {"dataset": dataset}
    evidence: Mapping[str, float | str] = {"why": error.why if isinstance(error, Unreadable) else "NOT_COMPUTABLE"}
    table = unknown(TABLE, dataset, reason=str(error), severity=Severity.HIGH, labels=labels, evidence=evidence)
    schema = unknown(SCHEMA, dataset, reason=error.what, labels=labels, evidence=evidence)
    columns = [
        unknown(f"drift.{check}", f"{dataset}/{name}", reason=error.what, limit=limit, labels=labels, evidence=evidence)
        for name, check, limit in limits.each()
    ]
    return (table, schema, *columns)


def _value(check: str, baseline: Profile, window: Profile, name: str) -> Value:
    both = pair(baseline, window, name)
    return both if isinstance(both, Value) else statistic(check, both)


def _finding(check: str, found: Value, limit: Limit, *, subject: str, labels: Mapping[str, str]) -> Finding:
    if found.value is None:
        return unknown(f"drift.{check}", subject, reason=found.why, limit=limit, labels=labels)
    reason = f"{CHECKS[check].format(f'{found.value:.4g}')}, {limit} was expected."
    return measured(
        f"drift.{check}", subject, found.value, limit, reason=reason, labels=labels, evidence={"bound": found.bound}
    )
