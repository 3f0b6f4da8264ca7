"""`nephoscope run JOB`: one job once, as its handler would run it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.answer import Answer
from nephoscope.cli.instants import FIRST_YEAR, LAST_YEAR, near
from nephoscope.errors import BadUsage
from nephoscope.events import Event, ObjectWritten, TimerFired, stable_id
from nephoscope.findings import Verdict, worst
from nephoscope.outbox import Outbox
from nephoscope.report import Coverage, Report, counts
from nephoscope.settings.belonging import models_of
from nephoscope.wiring import jobs
from nephoscope.wiring.local import Local


@dataclass(frozen=True, slots=True)
class Job:
    """What one job is called with."""

    help: str
    event: type[Event]
    run: Callable[[Local, Any], Sequence[Report]]
    also: type[ObjectWritten] | None = None  # what it runs for besides, told by its key `object`


def _one(run: Callable[[Local, Any], Report]) -> Callable[[Local, Any], Sequence[Report]]:
    return lambda local, event: [run(local, event)]


def _monitoring(local: Local, event: TimerFired) -> Sequence[Report]:
    return jobs.side_by_side(work for _, work in jobs.monitoring(local, event))


JOBS: Mapping[str, Job] = {
    "monitoring": Job("ask every metric store about every model", TimerFired, _monitoring),
    "cost": Job("judge the month's bills and budgets", TimerFired, _one(jobs.cost), ObjectWritten),
    "drift": Job("compare one landed table with its Baseline", ObjectWritten, _one(jobs.drift)),
    "rollup": Job("judge what the clouds' newest Reports say together", TimerFired, _one(jobs.rollup)),
    "features": Job("bring every cloud's feature store up to date", TimerFired, _one(jobs.features), ObjectWritten),
}


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the command, with one sub-command a job."""
    subcommands = group.add_subparsers(title="jobs", metavar="JOB", required=True)
    for name, job in JOBS.items():
        command = subcommands.add_parser(name, parents=[options], help=job.help)
        command.add_argument(
            "--event", type=Path, metavar="FILE", help="the Event as JSON; a timer fires now without it"
        )
        command.add_argument(
            "--dry-run", action="store_true", help="judge and show; write nothing down and tell nobody"
        )
        command.set_defaults(run=run, name=f"run.{name}", job=name)


def run(arguments: argparse.Namespace) -> Answer:
    """Run a job and show its Reports."""
    now = getattr(arguments, "now", None)
    local = Local.from_file(getattr(arguments, "config", None), clock=FixedClock(now) if now else None)
    if arguments.dry_run:
        local = dry(local)
    reports = JOBS[arguments.job].run(local, event_of(arguments, local))
    return Answer(document(reports), lambda console: show(console, reports), verdicts(reports))


def dry(local: Local) -> Local:
    """The same machine, whose ledger keeps nothing and whose topic tells nobody."""
    from nephoscope.adapters.local.draft import DraftState
    from nephoscope.adapters.local.topic import SqliteTopic

    draft = replace(local)
    ledger = DraftState(local.ledger)
    nobody = SqliteTopic(Path(":memory:"), clock=local.clock)
    # Cached properties that are there already are not made again.
    draft.__dict__.update(
        ledger=ledger,
        outbox=Outbox(ledger, nobody, local.clock, "local", local.settings.hash, models_of(local.settings)),
        features=replace(local.features, dry=True),
    )
    return draft


def event_of(arguments: argparse.Namespace, local: Local) -> Event:
    """
    The Event to run the job for.

    Raises:
        BadUsage: There is no such file, it is none of this job's Events, its time has no zone or is too far away, or
            the job needs one.
    """
    kind = JOBS[arguments.job].event
    if arguments.event is None:
        if kind is not TimerFired:
            raise BadUsage(f"'{arguments.job}' runs for an object that was written.", do="name its Event with --event")
        now = local.clock.now()
        return TimerFired(stable_id("run", arguments.job, now.isoformat()), now, schedule="")
    try:
        written = arguments.event.read_bytes()
        kind = JOBS[arguments.job].also or kind if b'"object"' in written else kind
        event: Event = msgspec.json.decode(written, type=kind)
    except OSError as error:
        raise BadUsage(f"{arguments.event} cannot be read: {error.strerror}.", do="name another file") from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadUsage(
            f"{arguments.event} is no {kind.__name__}: {error}.",
            do=f"write {', '.join(kind.__dataclass_fields__)} as one JSON object",
        ) from error
    if event.at.tzinfo is None or not near(event.at):
        raise BadUsage(
            f"{arguments.event} has the time {event.at.isoformat()}, without a zone or not between {FIRST_YEAR} and "
            f"{LAST_YEAR}.",
            do="write 'at' as 2026-05-01T06:00:00Z",
        )
    return event


def verdicts(reports: Sequence[Report]) -> list[Verdict]:
    """Every Report's, and unknown where nobody was asked anything: a run that looks at nothing saw nothing right."""
    nothing = [] if _coverage(reports).asked else [Verdict.UNKNOWN]
    return [*(verdict for report in reports for verdict in report.verdicts), *nothing]


def document(reports: Sequence[Report]) -> dict[str, Any]:
    """A job's Reports as the command answers them: their Findings together, then each Report without its own."""
    findings = [finding for report in reports for finding in report.findings]
    return {
        "verdict": str(worst(verdicts(reports))),
        "counts": counts(findings),
        "coverage": msgspec.to_builtins(_coverage(reports)),
        "findings": msgspec.to_builtins(findings),
        "reports": [
            {name: value for name, value in msgspec.to_builtins(report).items() if name != "findings"}
            for report in reports
        ],
    }


def show(console: Console, reports: Sequence[Report]) -> None:
    """Reports as people read them: what is not fine first."""
    order = [Verdict.BREACH, Verdict.UNKNOWN, Verdict.OK]
    table = Table("verdict", "subject", "cloud", Column("reason", overflow="fold"), box=None)
    found = [(finding, report.cloud) for report in reports for finding in report.findings]
    for finding, cloud in sorted(found, key=lambda each: order.index(each[0].verdict)):
        named = finding.labels.get("cloud", cloud)
        table.add_row(*map(escape, (finding.verdict, finding.subject, named, finding.reason)))
    console.print(table)
    if not _coverage(reports).asked:
        console.print("Nothing was asked: the configuration names nothing that this job looks at.")
    console.print(escape(f"{_coverage(reports)}; {json.dumps(counts([finding for finding, _ in found]))}"))


def _coverage(reports: Sequence[Report]) -> Coverage:
    each = [report.coverage for report in reports]
    missing = tuple(name for one in each for name in one.missing)
    return Coverage(sum(one.asked for one in each), sum(one.answered for one in each), missing)
