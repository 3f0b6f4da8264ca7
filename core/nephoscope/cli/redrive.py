"""`nephoscope redrive`: what was given up is tried again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.cli import configuration, hub
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage
from nephoscope.jobs import redrive
from nephoscope.jobs.desk import Desk


def add(commands: Any, options: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "redrive", parents=[options], help="try again: the topic's dead letters, or what a dead channel missed"
    )
    command.add_argument("--channel", metavar="NAME", help="what this channel missed in the last seven days")
    command.add_argument("--dry-run", action="store_true", help="only say what there is")
    command.set_defaults(run=run, name="redrive")


def run(arguments: argparse.Namespace) -> Answer:
    """
    Give dead letters, or a dead channel's Messages, new tries.

    Raises:
        BadUsage: There is no such channel, or the topic is a cloud's, which redrives its own dead letters.
    """
    desk = hub.desk(arguments)
    if arguments.channel is not None:
        return _deliveries(arguments, desk)
    letters, topic = _letters(arguments, desk)
    for letter in () if arguments.dry_run else letters:
        topic.redrive(letter)
    rows = [{"published_at": each.published_at, "tries": each.tries, "error": each.error} for each in letters]

    def text(console: Console) -> None:
        for row in rows:
            console.print(escape(f"{row['published_at']:%Y-%m-%d %H:%M} after {row['tries']} tries: {row['error']}"))
        verb = "wait for" if arguments.dry_run else "got"
        console.print(f"{len(rows)} dead letters {verb} new tries.")

    return Answer({"letters": rows, "deliveries": 0, "dry_run": arguments.dry_run}, text)


def _deliveries(arguments: argparse.Namespace, desk: Desk) -> Answer:
    names = configuration.settings(arguments).channels
    if arguments.channel not in names:
        raise BadUsage(
            f"The configuration has no channel '{arguments.channel}'.", do=f"name one of {', '.join(sorted(names))}"
        )
    count = redrive.deliveries(arguments.channel, desk, dry_run=arguments.dry_run)
    document = {"letters": [], "deliveries": count, "dry_run": arguments.dry_run}
    verb = "wait for" if arguments.dry_run else "get"
    return Answer(document, lambda console: console.print(f"{count} messages {verb} new tries on {arguments.channel}."))


def _letters(arguments: argparse.Namespace, desk: Desk) -> tuple[list[Any], SqliteTopic]:
    url = configuration.settings(arguments).topic
    if not url.startswith("sqlite:"):
        raise BadUsage(
            f"The topic is {url.partition(':')[0]}, whose dead letters its own cloud redrives.",
            do="start its redrive in that cloud, or name a --channel",
        )
    topic = SqliteTopic(Path(url.removeprefix("sqlite:")), clock=desk.clock)
    return topic.dead_letters(), topic
