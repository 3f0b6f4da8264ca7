"""Hold a window against its Baseline: one Finding for each column and check, whatever is found."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope.drift.limits import CHECKS, DriftLimits
from nephoscope.drift.pair import NotComputable, pair
from nephoscope.drift.profile import Profile
from nephoscope.drift.schema_change import CHECK as SCHEMA
from nephoscope.drift.schema_change import schema_finding
from nephoscope.drift.statistics import statistic
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
    columns = [_finding(baseline, window, name, check, limit, dataset) for name, check, limit in limits.each()]
    return (table_finding(window, dataset), schema_finding(baseline, window, dataset=dataset), *columns)


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


def unreadable(limits: DriftLimits, dataset: str, error: Unreadable | BadBaseline) -> tuple[Finding, ...]:
    """The Findings of `compare` when the landed object could not be read: everything is unknown, and says why."""
    columns = [
        unknown(
            f"drift.{check}",
            f"{dataset}/{name}",
            reason=error.what,
            limit=limit,
            labels={"dataset": dataset},
            evidence=_why(error),
        )
        for name, check, limit in limits.each()
    ]
    return (*unread_table(error, dataset), *columns)


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
        reason=f"{told(check, found.value)}, {limit} was expected.",
        labels=labels,
        evidence={"bound": found.bound},
    )


def told(check: str, value: float) -> str:
    """
    A check's value as the beginning of a sentence.

    >>> told("ks", 0.10320914)
    'KS distance 0.1032 to the baseline'
    """
    return CHECKS[check].format(f"{value:.4g}")
