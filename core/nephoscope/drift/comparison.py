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


@dataclass(frozen=True, slots=True)
class Look:
    """What is said of one column, and what remains of it: its outlines, without their distributions."""

    judgement: ColumnJudgement
    quality: tuple[Finding, ...]
    outlines: tuple[Column | None, Column | None]


def look(
    sides: Sides, rules: Rules, *, dataset: str, preset: Preset | None = None, again: LookAgain | None = None
) -> Look:
    """
    Judge one column of two tables.

    Args:
        sides: The column's name and both of its sides; one that it is missing from is None.
        rules: By what to judge.
        dataset: The table's name.
        preset: The preset, where it is not one of `PRESETS`.
        again: Looks at a column once more, where its limit lies within the bound of its value.
    """
    name, before, after = sides
    judgement = judge_column(name, before, after, rules, preset, again)
    return Look(judgement, _quality(name, before, after, dataset), (_outline(before), _outline(after)))


def _outline(side: Side | None) -> Column | None:
    return replace(side.column, numbers=None, categories=None) if side is not None else None


def compared(
    rows: tuple[int, int],
    looks: Iterable[Look],
    rules: Rules,
    *,
    dataset: str,
    key: tuple[str, ...] = (),
    duplicates: tuple[int | None, int | None] = (None, None),
) -> Comparison:
    """
    Judge two tables by what is said of each of their columns.

    Args:
        rows: The baseline's and the window's.
        looks: At every column of either.
        rules: By what they were judged.
        dataset: The table's name.
        key: The columns that tell rows apart.
        duplicates: How many rows of the baseline and of the window repeat it.
    """
    each = list(looks)
    columns = [one.judgement for one in each]
    baseline, window = (
        Profile(
            rows[side],
            tuple(outline for one in each if (outline := one.outlines[side])),
            key=key,
            duplicates=duplicates[side],
        )
        for side in (0, 1)
    )
    findings = [table_finding(window, dataset), schema_finding(baseline, window, dataset=dataset)]
    findings += [finding for one in each for finding in one.quality]
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
