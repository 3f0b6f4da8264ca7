"""How the `drift` commands answer, in JSON and for people."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nephoscope.cli.answer import Answer
from nephoscope.drift.comparison import Comparison
from nephoscope.drift.judgement import ColumnJudgement
from nephoscope.drift.profile import Profile
from nephoscope.findings import Direction, Finding, Limit, Verdict

if TYPE_CHECKING:
    from rich.console import Console

_SIGNS = {Direction.AT_MOST: "≤", Direction.AT_LEAST: "≥", Direction.BETWEEN: ""}
COLOURS = {Verdict.OK: "green", Verdict.BREACH: "red", Verdict.UNKNOWN: "yellow"}


def comparison(found: Comparison) -> Answer:
    """The answer of `drift compare`."""
    document = {
        "preset": found.preset,
        "verdict": str(found.verdict),
        "rows": dict(zip(("baseline", "window"), found.rows, strict=True)),
        "drifted_share": found.drifted_share,
        "columns": [column_document(column) for column in found.columns],
        "findings": [finding_document(finding) for finding in found.findings],
    }
    return Answer(document, lambda console: _print_comparison(console, found), _verdicts(found))


def _verdicts(found: Comparison) -> list[Verdict]:
    """The comparison's own, and whether a breach stands beside something unknown that counts in its preset."""
    counting = [column.verdict for column in found.columns if column.compared]
    counting += [finding.verdict for finding in found.findings if found.preset == "default"]
    return [found.verdict, *(verdict for verdict in counting if verdict is Verdict.UNKNOWN)]


def column_document(column: ColumnJudgement) -> dict[str, Any]:
    """One column in JSON."""
    limit = column.limit
    document: dict[str, Any] = {
        "column": column.column,
        "kind": str(column.kind),
        "method": column.method,
        "value": finite(column.value),
        "limit": None if limit is None or limit.value is None else float(limit.value),
        "direction": limit and str(limit.direction),
        "at_limit": limit and str(limit.at_limit),
        "bound": finite(column.bound),
        "verdict": str(column.verdict),
        "reason": column.reason,
        "statistics": {
            **{name: finite(value) for name, value in column.statistics.items()},
            "null_share": dict(zip(("baseline", "window"), column.null_shares, strict=True)),
        },
    }
    if column.chunks is not None:
        document["chunks"] = [
            {
                "index": chunk.index,
                "value": finite(chunk.value),
                "limit": finite(chunk.limit),
                "verdict": str(chunk.verdict),
            }
            for chunk in column.chunks
        ]
    return document


def finding_document(finding: Finding) -> dict[str, Any]:
    """One Finding in JSON."""
    document: dict[str, Any] = msgspec.to_builtins(finding)
    return document


def finite(value: float | None) -> float | None:
    """JSON has no NaN and no Infinity."""
    return value if value is not None and math.isfinite(value) else None


def _print_comparison(console: Console, found: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("column", "kind", "method", "value", "limit", "verdict", title=_title(found))
    for column in found.columns:
        table.add_row(
            escape(column.column),
            str(column.kind),
            column.method or "",
            "" if column.value is None else f"{column.value:.4g}{_plus_minus(column.bound)}",
            _limit(column.limit),
            _coloured(column.verdict),
        )
    console.print(table)
    unknown = [(column.column, column.reason) for column in found.columns if column.verdict is Verdict.UNKNOWN]
    for name, reason in unknown:
        console.print(f"{_coloured(Verdict.UNKNOWN)} {escape(name)}: {escape(reason)}")
    for finding in found.findings:
        if finding.verdict is not Verdict.OK:
            told = f"{finding.check} {escape(finding.subject)}: {escape(finding.reason)}"
            console.print(f"{_coloured(finding.verdict)} {told}")


def _limit(limit: Limit | None) -> str:
    return "" if limit is None or limit.value is None else f"{_SIGNS[limit.direction]} {limit.value:.4g}"


def _plus_minus(bound: float | None) -> str:
    return f" ±{bound:.1g}" if bound and bound > 1e-12 else ""


def _title(found: Comparison) -> str:
    share = "nothing compared" if found.drifted_share is None else f"{found.drifted_share:.0%} drifted"
    return f"{_coloured(found.verdict)} by the preset {found.preset}, {share}"


def _coloured(verdict: Verdict) -> str:
    return f"[{COLOURS[verdict]}]{verdict}[/]"


def made(profile: Profile, to: Path, size: int) -> Answer:
    """The answer of `drift profile` and `drift merge`: what was written where."""
    document = {
        "verdict": str(Verdict.OK),
        "reason": "",
        "profile": str(to),
        "bytes": size,
        "rows": profile.rows,
        "columns": [
            {"column": column.name, "kind": str(column.kind), "type": column.physical, "nulls": column.nulls}
            for column in profile.columns
        ],
        "sources": msgspec.to_builtins(profile.sources),
    }
    text = f"'{to}' holds {profile.rows:,} rows of {len(profile.columns):,} columns in {size:,} bytes."
    return Answer(document, lambda console: console.print(text, markup=False))


def not_made(reason: str) -> Answer:
    """The answer when a file cannot be read: unknown, and nothing was written."""
    document: dict[str, Any] = {
        "verdict": str(Verdict.UNKNOWN),
        "reason": reason,
        **dict.fromkeys(("profile", "bytes", "rows")),
        "columns": [],
        "sources": [],
    }

    def text(console: Console) -> None:
        console.print(_coloured(Verdict.UNKNOWN), end=" ")
        console.print(reason, markup=False)

    return Answer(document, text, [Verdict.UNKNOWN])
