"""`doctor` asks everything that the configuration names whether it answers, and says what to do where it does not."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.answer import Answer
from nephoscope.findings import Verdict
from nephoscope.jobs.checkup import Checkup, Outcome, examine
from nephoscope.wiring.doctor import Doctor
from nephoscope.wiring.local import Local

MARKS = {Outcome.OK: "ok", Outcome.FAILED: "FAILED", Outcome.NOT_TRIED: "not tried"}


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.add_argument("--paid", action="store_true", help="ask what costs money too: Cost Explorer, $0.01 a page")
    command.set_defaults(run=doctor, name="doctor")


def doctor(arguments: argparse.Namespace) -> Answer:
    """
    Ask, and tell each call with its answer.

    Raises:
        BadUsage, BadSettings: There is no configuration, or it has mistakes.
    """
    logging.getLogger("azure").addHandler(logging.NullHandler())  # its SDK says on stderr what it raises as well
    now = getattr(arguments, "now", None)
    local = Local.from_file(getattr(arguments, "config", None), clock=FixedClock(now) if now else None)
    with Console(stderr=True, emoji=False).status("") as status:  # a service that is away takes its time to say so
        checkups = examine(
            Doctor(local, paid=arguments.paid).probes(),
            show=lambda probe: status.update(escape(f"{probe.kind} {probe.name}: {probe.call}")),
        )

    def text(console: Console) -> None:
        for line in lines(checkups):
            console.print(escape(line), highlight=False, soft_wrap=True)

    document = {"counts": counts(checkups), "checkups": checkups}
    return Answer(document, text, [Verdict.BREACH] if counts(checkups)[Outcome.FAILED] else [])


def counts(checkups: Sequence[Checkup]) -> dict[str, int]:
    """
    How many probes had each outcome.

    >>> counts([])
    {'ok': 0, 'failed': 0, 'not_tried': 0}
    """
    return {str(outcome): sum(one.outcome is outcome for one in checkups) for outcome in Outcome}


def lines(checkups: Sequence[Checkup]) -> list[str]:
    """One line a probe, and one below it for what to do."""
    told = []
    for one in checkups:
        told.append(f"{MARKS[one.outcome]:9}  {one.kind:8}  {one.name}")
        told.append(f"{'':21}{one.call}{': ' if one.answer else ''}{one.answer}")
        if one.do:
            told.append(f"{'':21}to do: {one.do}")
    found = counts(checkups)
    return [*told, f"{found['ok']} answered, {found['failed']} failed, {found['not_tried']} not tried"]
