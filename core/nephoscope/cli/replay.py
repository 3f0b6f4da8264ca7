"""`nephoscope replay`: a received Report rendered and routed again, dry."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from nephoscope.adapters.channels.text import lines
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.cli import hub
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadPayload, BadUsage
from nephoscope.jobs import replay
from nephoscope.jobs.desk import Desk
from nephoscope.report import Report, counts, from_cloudevent


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.add_argument(
        "report",
        help="a run's id or its beginning, what a message calls its run, or a file with a Report as a CloudEvent",
    )
    command.set_defaults(run=run, name="replay")


def run(arguments: argparse.Namespace) -> Answer:
    """
    Render and route a Report as if it came now and nothing were known before.

    Raises:
        BadUsage: There is no such Report.
        BadPayload: The file holds none.
    """
    desk = hub.desk(arguments)
    reports = _reports(arguments.report, desk)
    told = replay.run(reports, desk, scratch=MemoryState())
    findings = [finding for report in reports for finding in report.findings]
    document: dict[str, Any] = {
        "report": reports[0].id,
        "job": reports[0].job,
        "cloud": reports[0].cloud,
        "scope": reports[0].scope,
        "at": reports[0].at,
        "findings": counts(findings),
        "messages": [
            {"channel": channel, "title": message.headline, "text": lines(message)}
            for channel, messages in sorted(told.items())
            for message in messages
        ],
    }

    def text(console: Console) -> None:
        console.print(escape(f"{reports[0].job} of {reports[0].scope} on {reports[0].cloud}, {reports[0].at}"))
        for message in document["messages"]:
            console.print(escape(f"→ {message['channel']}: {message['title']}"), style="bold", soft_wrap=True)
            for line in message["text"]:
                console.print(escape(f"  {line}"), soft_wrap=True)
        if not told:
            console.print("It would tell nobody anything.")

    return Answer(document, text, [finding.verdict for finding in findings])


def _reports(named: str, desk: Desk) -> list[Report]:
    path = Path(named)
    if not path.is_file():
        return replay.stored(named, desk.state)
    try:
        return [from_cloudevent(path.read_bytes())]
    except OSError as error:
        raise BadUsage(f"{named} cannot be read: {error.strerror}.", do="name another file") from error
    except BadPayload as error:
        raise BadPayload(f"'{named}': {error.what}", do="name a file with one Report as a CloudEvent") from error
