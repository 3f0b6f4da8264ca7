"""`nephoscope silence add|list|expire`: what nobody wants to be told of for a while."""

from __future__ import annotations

import argparse
import getpass

from rich.console import Console
from rich.markup import escape

from nephoscope.alerts.silences import silence
from nephoscope.cli import hub
from nephoscope.cli.answer import Answer
from nephoscope.cli.instants import instant
from nephoscope.errors import BadUsage
from nephoscope.jobs import hush
from nephoscope.settings import duration


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    adding = subcommands.add_parser("add", parents=[options], help="silence what matches; the rooms are told")
    adding.add_argument("matchers", nargs="+", metavar="MATCHER", help="all must hold, such as model=fraud")
    end = adding.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="span", metavar="DURATION", help="how long, such as 2h")
    end.add_argument("--until", type=instant, metavar="ISO", help="until when")
    adding.add_argument("--reason", required=True, help="why; everybody sees it")
    adding.add_argument("--author", default=None, help="who wants it (default: who is signed in)")
    adding.set_defaults(run=add_silence, name="silence.add")
    listing = subcommands.add_parser("list", parents=[options], help="the silences that hold, or all of them")
    listing.add_argument("--all", action="store_true", help="those that are over too")
    listing.set_defaults(run=list_silences, name="silence.list")
    ending = subcommands.add_parser("expire", parents=[options], help="end a silence now")
    ending.add_argument("id", help="its id, as 'silence list' shows it")
    ending.add_argument("--author", default=None, help="who ends it (default: who is signed in)")
    ending.set_defaults(run=expire_silence, name="silence.expire")


def add_silence(arguments: argparse.Namespace) -> Answer:
    """
    Make a silence from now on.

    Raises:
        BadUsage: It would silence everything, or does not end within 30 days.
    """
    desk = hub.desk(arguments)
    now = desk.clock.now()
    try:
        ends = arguments.until or now + duration(arguments.span)
        made = silence(
            arguments.matchers, author=arguments.author or _who(), reason=arguments.reason, starts=now, ends=ends
        )
    except ValueError as error:
        raise BadUsage(
            f"{str(error)[:1].upper()}{str(error)[1:]}.", do="say what to silence, for how long and why"
        ) from error
    hush.add(made, desk)
    document = hub.silence_document(made, now, source="command")
    return Answer(document, lambda console: console.print(escape(f"Silenced as {made.id}: {made}")))


def list_silences(arguments: argparse.Namespace) -> Answer:
    """The silences of the configuration and those that people made."""
    desk = hub.desk(arguments)
    now = desk.clock.now()
    configured = {each.id for each in desk.silences}
    rows = [
        hub.silence_document(each, now, source="configuration" if each.id in configured else "command")
        for each in sorted(desk.all_silences(), key=lambda each: each.ends)
        if arguments.all or now < each.ends
    ]

    def text(console: Console) -> None:
        for row in rows:
            console.print(
                escape(
                    f"{row['id']}  {row['state']:8} {{{', '.join(row['matchers'])}}} "
                    f"until {row['ends']:%Y-%m-%d %H:%M} UTC, by {row['author']}: {row['reason']}"
                ),
                soft_wrap=True,
            )
        if not rows:
            console.print("Nothing is silenced.")

    return Answer({"silences": rows}, text)


def expire_silence(arguments: argparse.Namespace) -> Answer:
    """
    End a silence; what it kept back is told.

    Raises:
        BadUsage: There is none of that id, or it is over, or it stands in the configuration.
    """
    desk = hub.desk(arguments)
    if any(each.id == arguments.id for each in desk.silences):
        raise BadUsage(
            f"The silence '{arguments.id}' stands in the configuration.", do="take it out of 'silences' there"
        )
    ended = hush.expire(arguments.id, arguments.author or _who(), desk)
    document = hub.silence_document(ended, desk.clock.now(), source="command")
    return Answer(document, lambda console: console.print(escape(f"Ended {ended.id}: {ended}")))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for the user's number
        raise BadUsage("Nobody is signed in by name.", do="say who wants this with --author") from None
