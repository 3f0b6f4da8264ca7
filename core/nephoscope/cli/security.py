"""`nephoscope security log`: record a security event."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.markup import escape

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.answer import Answer
from nephoscope.cli.instants import instant
from nephoscope.cli.named import once
from nephoscope.errors import BadUsage
from nephoscope.wiring.local import Local
from nephoscope.wiring.security import SecurityLog


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the command."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    log = subcommands.add_parser("log", parents=[options], help="record a security event and tell it")
    log.add_argument("type", metavar="TYPE", help="such as unauthorized_access, which is high; others are medium")
    log.add_argument("--detail", action="append", default=[], metavar="KEY=VALUE", help="a detail; repeatable")
    log.add_argument("--resolved", action="store_true", help="such an event, with these details, was looked into")
    log.add_argument("--at", type=instant, metavar="ISO", help="when it happened (default: now)")
    log.set_defaults(run=run, name="security.log")


def run(arguments: argparse.Namespace) -> Answer:
    """Record the event."""
    now = getattr(arguments, "now", None)
    local = Local.from_file(getattr(arguments, "config", None), clock=FixedClock(now) if now else None)
    details = once(map(detail, arguments.detail))
    report = SecurityLog(local).log(arguments.type, details, resolved=arguments.resolved, at=arguments.at)
    (finding,) = report.findings
    document = {
        "timestamp": report.at,
        "event_type": arguments.type,
        "details": details,
        "severity": finding.severity.upper(),
        "report": report.id,
        "verdict": finding.verdict,
    }

    def text(console: Console) -> None:
        console.print(escape(f"{finding.severity.upper()}: {finding.reason} Recorded as {report.evidence_url}."))

    return Answer(document, text, [finding.verdict])


def detail(text: str) -> tuple[str, str]:
    """
    Read one detail.

    Raises:
        BadUsage: It has no name.

    >>> detail("user=mallory=eve")
    ('user', 'mallory=eve')
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise BadUsage(f"'{text}' is no detail.", do="write it as user=mallory")
    return name, value
