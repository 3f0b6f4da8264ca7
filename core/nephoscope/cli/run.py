"""`nephoscope run JOB`: one job once, as its handler would run it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage
from nephoscope.events import Event, ObjectWritten, TimerFired, stable_id
from nephoscope.findings import Verdict
from nephoscope.outbox import Outbox
from nephoscope.report import Report, counts
from nephoscope.wiring import jobs
from nephoscope.wiring.local import Local


@dataclass(frozen=True, slots=True)
class Job:
    """What one job is called with."""

    help: str
    event: type[Event]
    run: Callable[[Local, Any], Report]
    also: type[ObjectWritten] | None = None  # what it runs for besides, told by its key `object`


JOBS: Mapping[str, Job] = {
    "monitoring": Job("ask every metric store about every model", TimerFired, jobs.monitoring),
    "cost": Job("judge the month's bills and budgets", TimerFired, jobs.cost, ObjectWritten),
    "drift": Job("compare one landed table with its Baseline", ObjectWritten, jobs.drift),
    "rollup": Job("judge what the clouds' newest Reports say together", TimerFired, jobs.rollup),
    "features": Job("bring every cloud's feature store up to date", TimerFired, jobs.features, ObjectWritten),
}


def add(commands: Any, options: argparse.ArgumentParser) -> None:
    """Declare the command, with one sub-command a job."""
    group = commands.add_parser("run", parents=[options], help="run one job once, as its handler would")
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
    """Run a job and show its Report."""
    now = getattr(arguments, "now", None)
    local = Local.from_file(getattr(arguments, "config", None), clock=FixedClock(now) if now else None)
    if arguments.dry_run:
        local = dry(local)
    report = JOBS[arguments.job].run(local, event_of(arguments, local))
    return Answer(document(report), lambda console: show(console, report), report.verdict)


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
        outbox=Outbox(ledger, nobody, local.clock, "local", local.settings.hash),
        features=replace(local.features, dry=True),
    )
    return draft


def event_of(arguments: argparse.Namespace, local: Local) -> Event:
    """
    The Event to run the job for.

    Raises:
        BadUsage: There is no such file, it is none of this job's Events, or the job needs one.
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
    except (msgspec.DecodeError, ValueError) as error:
        raise BadUsage(
            f"{arguments.event} is no {kind.__name__}: {error}.",
            do=f"write {', '.join(kind.__dataclass_fields__)} as one JSON object",
        ) from error
    return event


def document(report: Report) -> dict[str, Any]:
    """A Report as the command answers it."""
    written: dict[str, Any] = msgspec.to_builtins(report)
    return {**written, "verdict": str(report.verdict), "counts": counts(report.findings)}


def show(console: Console, report: Report) -> None:
    """A Report as people read it: what is not fine first."""
    order = [Verdict.BREACH, Verdict.UNKNOWN, Verdict.OK]
    table = Table("verdict", "subject", "cloud", Column("reason", overflow="fold"), box=None)
    for finding in sorted(report.findings, key=lambda each: order.index(each.verdict)):
        cloud = finding.labels.get("cloud", report.cloud)
        table.add_row(*map(escape, (finding.verdict, finding.subject, cloud, finding.reason)))
    console.print(table)
    console.print(escape(f"{report.coverage}; {json.dumps(counts(report.findings))}"))
