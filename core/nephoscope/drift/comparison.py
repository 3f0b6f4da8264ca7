"""A whole comparison of two tables, column by column, so that one column at a time is in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nephoscope.drift.compare import table_finding, unread_table
from nephoscope.drift.judgement import (
    ColumnJudgement,
    LookAgain,
    Preset,
    dataset_verdict,
    drifted_share,
    judge_column,
)
from nephoscope.drift.limits import Rules
from nephoscope.drift.pair import NotComputable, Side, paired
from nephoscope.drift.profile import Column, Profile
from nephoscope.drift.quality import quality_findings
from nephoscope.drift.schema_change import schema_finding
from nephoscope.drift.table_checks import duplicates_finding
from nephoscope.errors import Unreadable
from nephoscope.findings import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is said of two tables."""

    preset: str
    verdict: Verdict
    rows: tuple[int | None, int | None]  # the baseline's, the window's
    drifted_share: float | None
    columns: tuple[ColumnJudgement, ...]
    findings: tuple[Finding, ...]


Sides = tuple[str, Side | None, Side | None]


def compared(
    rows: tuple[int, int],
    sides: Iterable[Sides],
    rules: Rules,
    *,
    dataset: str,
    preset: Preset | None = None,
    again: LookAgain | None = None,
    key: tuple[str, ...] = (),
    duplicates: tuple[int | None, int | None] = (None, None),
) -> Comparison:
    """
    Judge every column of two tables.

    Args:
        rows: The baseline's and the window's.
        sides: Every column of either, the sides it is missing from being None.
        rules: By what to judge.
        dataset: The table's name.
        preset: The preset, where it is not one of `PRESETS`.
        again: Looks at a column once more, where its limit lies within the bound of its value.
        key: The columns that tell rows apart.
        duplicates: How many rows of the baseline and of the window repeat it.
    """
    columns: list[ColumnJudgement] = []
    quality: list[Finding] = []
    outlines: tuple[list[Column], list[Column]] = ([], [])
    for name, before, after in sides:
        for side, outline in zip((before, after), outlines, strict=True):
            if side is not None:
                outline.append(replace(side.column, numbers=None, categories=None))
        columns.append(judge_column(name, before, after, rules, preset, again))
        quality += _quality(name, before, after, dataset)
    baseline, window = (
        Profile(count, tuple(outline), key=key, duplicates=repeated)
        for count, outline, repeated in zip(rows, outlines, duplicates, strict=True)
    )
    findings = [table_finding(window, dataset), schema_finding(baseline, window, dataset=dataset), *quality]
    findings += [duplicates_finding(baseline, window, key, dataset=dataset)] if key else []
    return Comparison(
        rules.preset,
        dataset_verdict(columns, findings, rules),
        rows,
        drifted_share(columns),
        tuple(columns),
        tuple(findings),
    )


def _quality(name: str, before: Side | None, after: Side | None, dataset: str) -> tuple[Finding, ...]:
    try:
        return quality_findings(paired(before, after, name), dataset=dataset)
    except NotComputable:
        return ()  # the schema's Finding tells of it


def unread(error: Unreadable, rules: Rules, *, dataset: str) -> Comparison:
    """What is said when one of the tables could not be read."""
    return Comparison(rules.preset, Verdict.UNKNOWN, (None, None), None, (), unread_table(error, dataset))
