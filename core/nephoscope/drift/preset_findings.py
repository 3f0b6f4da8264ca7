"""
The Findings that a preset derives from a Baseline: for each of its columns the same ones in every run.

A column that the window lacks, or a window that could not be read, makes them unknown; it does not make them vanish.
"""

from __future__ import annotations

from nephoscope.drift.judgement import DRIFTED_SHARE, ColumnJudgement, drifted_share, judge_column
from nephoscope.drift.limits import Rules, severity_of
from nephoscope.drift.pair import NotComputable, paired, side
from nephoscope.drift.profile import Column, Kind, Profile
from nephoscope.drift.quality import quality_checks, quality_findings
from nephoscope.findings import Finding, Severity, Verdict, at_most, measured, unknown

SHARE = "drift.share"


def preset_findings(baseline: Profile, window: Profile, rules: Rules, *, dataset: str) -> tuple[Finding, ...]:
    """Judge every column of the Baseline."""
    judged = [
        judge_column(one.name, side(baseline, one.name, "baseline"), side(window, one.name, "window"), rules)
        for one in _compared(baseline)
    ]
    columns = [_of_column(one, rules, dataset) for one in judged]
    quality = [finding for one in baseline.columns for finding in _quality(one, baseline, window, dataset)]
    return (*columns, *_share(drifted_share(judged), rules, dataset), *quality)


def unknown_findings(baseline: Profile, rules: Rules, *, dataset: str, why: str) -> tuple[Finding, ...]:
    """The same Findings when the window could not be read."""
    columns = [
        unknown(f"drift.{rules.preset}", f"{dataset}/{one.name}", reason=why, labels={"dataset": dataset})
        for one in _compared(baseline)
    ]
    quality = [finding for one in baseline.columns for finding in _unknown_quality(one, dataset, why)]
    share = [unknown(SHARE, dataset, reason=why, labels={"dataset": dataset})] if rules.preset == "evidently" else []
    return (*columns, *share, *quality)


def _compared(baseline: Profile) -> list[Column]:
    return [column for column in baseline.columns if column.kind in (Kind.NUMERIC, Kind.CATEGORICAL)]


def _of_column(found: ColumnJudgement, rules: Rules, dataset: str) -> Finding:
    return Finding(
        f"drift.{rules.preset}",
        f"{dataset}/{found.column}",
        found.verdict,
        found.reason,
        value=found.value,
        limit=found.limit,
        severity=severity_of(found.method or "", found.value or 0.0),
        labels={"dataset": dataset},
        evidence={"method": found.method, "bound": found.bound or 0.0} if found.method else {},
    )


def _share(share: float | None, rules: Rules, dataset: str) -> tuple[Finding, ...]:
    """Evidently's verdict on the data set as a whole."""
    if rules.preset != "evidently":
        return ()
    labels = {"dataset": dataset}
    if share is None:
        return (unknown(SHARE, dataset, reason="No column could be compared.", labels=labels),)
    limit = at_most(DRIFTED_SHARE, at_limit=Verdict.BREACH)
    reason = f"{share:.0%} of the columns drifted, less than {DRIFTED_SHARE:.0%} was expected."
    return (measured(SHARE, dataset, share, limit, reason=reason, labels=labels),)


def _quality(column: Column, baseline: Profile, window: Profile, dataset: str) -> tuple[Finding, ...]:
    name = column.name
    try:
        both = paired(side(baseline, name, "baseline"), side(window, name, "window"), name)
    except NotComputable as why:
        return _unknown_quality(column, dataset, str(why))
    return quality_findings(both, dataset=dataset)


def _unknown_quality(column: Column, dataset: str, why: str) -> tuple[Finding, ...]:
    return tuple(
        unknown(
            f"drift.{check}",
            f"{dataset}/{column.name}",
            reason=why,
            severity=Severity.LOW,
            labels={"dataset": dataset},
        )
        for check in quality_checks(column.kind)
    )
