"""`nephoscope metrics put`: write model-quality metrics the way they are read."""

from __future__ import annotations

import argparse
from typing import Any, get_args

from rich.console import Console
from rich.markup import escape

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.answer import Answer
from nephoscope.cli.instants import instant
from nephoscope.cli.named import once
from nephoscope.errors import BadUsage
from nephoscope.findings import Verdict
from nephoscope.jobs.publishing import Outcome, Put
from nephoscope.settings.section import Cloud
from nephoscope.wiring.local import Local
from nephoscope.wiring.publishing import Publisher


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the command."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    put = subcommands.add_parser("put", parents=[options], help="write values of a model's metrics")
    put.add_argument("model", metavar="MODEL", help="the model's name")
    put.add_argument("values", nargs="+", metavar="METRIC=VALUE", help="such as accuracy=0.91")
    put.add_argument("--cloud", action="append", default=[], choices=get_args(Cloud), help="only there; repeatable")
    put.add_argument("--model-version", default="", metavar="VERSION", help="the model's version, as a label")
    put.add_argument("--at", type=instant, metavar="ISO", help="the time of the values (default: this minute)")
    put.set_defaults(run=run, name="metrics.put")


def run(arguments: argparse.Namespace) -> Answer:
    """Write the values and say what became of each."""
    now = getattr(arguments, "now", None)
    local = Local.from_file(getattr(arguments, "config", None), clock=FixedClock(now) if now else None)
    puts = Publisher(local).put(
        arguments.model,
        once(map(value, arguments.values)),
        clouds=arguments.cloud,
        version=arguments.model_version,
        at=arguments.at,
    )
    whole = all(each.outcome is Outcome.WRITTEN for each in puts)
    document = {"samples": [told(each) for each in puts]}
    return Answer(document, lambda console: show(console, puts), [] if whole else [Verdict.UNKNOWN])


def value(text: str) -> tuple[str, float]:
    """
    Read one metric and its value.

    Raises:
        BadUsage: It is none.

    >>> value("accuracy=0.91")
    ('accuracy', 0.91)
    """
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError as error:
        raise BadUsage(f"'{text}' is no metric and number.", do="write it as accuracy=0.91") from error


def told(put: Put) -> dict[str, Any]:
    """One sample as the command answers it."""
    sample = put.sample
    return {
        "cloud": put.cloud,
        "namespace": sample.namespace,
        "name": sample.name,
        "labels": dict(sample.labels),
        "at": sample.at,
        "value": sample.value,
        "outcome": put.outcome,
        "reason": put.reason,
    }


def show(console: Console, puts: list[Put]) -> None:
    """What became of each sample, for people."""
    for put in puts:
        because = f" ({put.reason})" if put.reason else ""
        console.print(escape(f"{put.cloud}: {put.outcome}: {put.sample}{because}"))
