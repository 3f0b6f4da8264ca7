"""`nephoscope redrive`: what was given up is tried again."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.markup import escape

from nephoscope.cli import configuration, hub
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage
from nephoscope.findings import Verdict
from nephoscope.jobs import redrive
from nephoscope.wiring.dead_letters import dead_letters


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    what = command.add_mutually_exclusive_group()
    what.add_argument("--channel", metavar="NAME", help="what this channel missed in the last seven days")
    what.add_argument(
        "--from",
        dest="place",
        metavar="PLACE",
        help="where a cloud's dead letters wait (terraform output dead_letters)",
    )
    command.add_argument("--dry-run", action="store_true", help="only say what there is")
    command.set_defaults(run=run, name="redrive")


def run(arguments: argparse.Namespace) -> Answer:
    """
    Give dead letters, or a dead channel's Messages, new tries; those that stay where they are, are told on stderr.

    Raises:
        BadUsage: There is no such channel or place, or the place has to be said.
        Transient: The place stopped answering.
    """
    if arguments.channel is not None:
        return _deliveries(arguments)
    topic = configuration.settings(arguments).topic
    place = dead_letters(arguments.place, topic, hub.clock(arguments))
    found = redrive.letters(place, dry_run=arguments.dry_run)
    for why, count in found.staying.items():
        print(f"{count} stay{'s' * (count == 1)}: {why}.", file=sys.stderr)  # noqa: T201
    rows = [{"published_at": each.published_at, "tries": each.tries, "error": each.error} for each in found.letters]

    def text(console: Console) -> None:
        for row in rows:
            console.print(escape(f"{row['published_at']:%Y-%m-%d %H:%M} after {row['tries']} tries: {row['error']}"))
        verb = "wait for" if arguments.dry_run else "got"
        console.print(f"{len(rows)} dead letters {verb} new tries.")

    document = {"letters": rows, "deliveries": 0, "dry_run": arguments.dry_run}
    return Answer(document, text, [Verdict.UNKNOWN] if found.staying else [])


def _deliveries(arguments: argparse.Namespace) -> Answer:
    names = configuration.settings(arguments).channels
    if arguments.channel not in names:
        raise BadUsage(
            f"The configuration has no channel '{arguments.channel}'.", do=f"name one of {', '.join(sorted(names))}"
        )
    count = redrive.deliveries(arguments.channel, hub.desk(arguments), dry_run=arguments.dry_run)
    document = {"letters": [], "deliveries": count, "dry_run": arguments.dry_run}
    verb = "wait for" if arguments.dry_run else "get"
    return Answer(document, lambda console: console.print(f"{count} messages {verb} new tries on {arguments.channel}."))
