"""The demo's outcome for people: what landed, what was found, what was told, where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from nephoscope.adapters.local.folder import content_version
from nephoscope.demo.story import Step
from nephoscope.findings import Finding, Verdict
from nephoscope.outbox import Outbox

_STYLE = {Verdict.OK: "green", Verdict.BREACH: "red", Verdict.UNKNOWN: "yellow"}
_VALUE = "drift.ks"  # the check whose value is worth a column


def table(steps: Sequence[Step], outbox: Outbox, folder: Any) -> Table:
    """One row for each file that landed."""
    days = sorted({step.at.date() for step in steps})
    runs = {
        (run.event["object"].rpartition("/")[2], run.event["version"]): run for day in days for run in outbox.runs(day)
    }
    shown = Table(title="A year of flights, a minute a file")
    for title in ("landed", "file", "found", "told (console, slack, mail)"):
        shown.add_column(title, overflow="fold")
    for step in steps:
        run = runs.get((step.landing.name, content_version(folder / step.landing.name)))
        findings = run.report.findings if run else ()
        shown.add_row(
            f"{step.at:%H:%M}",
            f"{step.landing.name}\n[dim]{step.note}[/dim]" if step.note else step.landing.name,
            "[dim]known by the ledger[/]" if run and run.report.at < step.at else found(findings),
            "\n".join(step.told) or "[dim]–[/dim]",
        )
    return shown


def found(findings: Sequence[Finding]) -> str:
    """The Findings of one run in a line: the worst verdict, and what it rests on."""
    for verdict in (Verdict.BREACH, Verdict.UNKNOWN):
        its = [finding for finding in findings if finding.verdict is verdict]
        if its:
            reasons = list(dict.fromkeys(finding.reason for finding in its))
            return f"[{_STYLE[verdict]}]{verdict}[/] {reasons[0]}"
    distance = next((f"KS {f.value:.3f}" for f in findings if f.check == _VALUE and f.value is not None), "")
    return f"[green]ok[/] {distance}"


def summary(document: Mapping[str, Any]) -> str:
    """One sentence with the figures."""
    findings, messages = document["findings"], document["messages"]
    told = ", ".join(f"{count} on {channel}" for channel, count in messages.items())
    return (
        f"{document['events']} Events, {document['reports']} Reports, {sum(findings.values())} Findings "
        f"({findings['breach']} breaches, {findings['unknown']} unknown). Messages: {told}; "
        f"{document['lost']} lost, {document['repeated']} repeated (the hub was killed once while telling)."
    )
