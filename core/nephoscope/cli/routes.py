"""`nephoscope routes test`: where an Alert with these labels would go, and why."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.markup import escape

from nephoscope.alerts.intervals import muted_until
from nephoscope.alerts.life import ABOUT
from nephoscope.alerts.routes import group_keys, walk
from nephoscope.alerts.silences import covering
from nephoscope.cli import hub
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the command."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    testing = subcommands.add_parser("test", parents=[options], help="walk the route tree with an Alert's labels")
    testing.add_argument("labels", nargs="+", metavar="LABEL=VALUE", help="such as check=drift.ks severity=high")
    testing.set_defaults(run=test, name="routes.test")


def test(arguments: argparse.Namespace) -> Answer:
    """
    Walk the tree.

    Raises:
        BadUsage: A label has no value.
    """
    desk = hub.desk(arguments)
    now = desk.clock.now()
    labels = _labels(arguments.labels)
    asked = walk(desk.route, labels)
    silence = covering(desk.all_silences(), labels, now=now)
    groups: list[dict[str, Any]] = []
    for key in group_keys(desk.route, labels):
        route = key.route
        muted = muted_until(route.mute_time_intervals, route.active_time_intervals, desk.time_intervals, now=now)
        groups.append(
            {
                "route": route.path,
                "channels": list(route.channels),
                "group": key.id,
                "group_labels": dict(key.labels),
                "group_wait_seconds": route.group_wait.total_seconds(),
                "group_interval_seconds": route.group_interval.total_seconds(),
                "repeat_interval_seconds": route.repeat_interval.total_seconds(),
                "muted_until": muted,
            }
        )
    document = {
        "labels": labels,
        "walk": [{"route": a.route.path, "takes": a.takes, "keeps": a.keeps, "why": a.why} for a in asked],
        "groups": groups,
        "silenced_by": silence.id if silence else None,
    }

    def text(console: Console) -> None:
        for each in asked:
            word = "keeps it" if each.keeps else "passes it on" if each.takes else "leaves it"
            console.print(escape(f"{each.route.path} {word}: {each.why}"), soft_wrap=True)
        for group in groups:
            about = ", ".join(f"{k}={v}" for k, v in group["group_labels"].items()) or "everything"
            muted = f", silent until {group['muted_until']:%Y-%m-%d %H:%M} UTC" if group["muted_until"] else ""
            console.print(
                escape(f"→ {', '.join(group['channels'])}, grouped with {about}{muted}"), style="bold", soft_wrap=True
            )
        if silence:
            console.print(escape(f"Silenced: {silence}"), soft_wrap=True)

    return Answer(document, text)


def _labels(written: list[str]) -> dict[str, str]:
    labels = {}
    for text in written:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise BadUsage(f"'{text}' is no label with a value.", do="write it as severity=high")
        labels[name] = value
    about = next((labels[name] for name in ABOUT if labels.get(name)), labels.get("subject", ""))
    return {"about": about, **labels} if about else labels
