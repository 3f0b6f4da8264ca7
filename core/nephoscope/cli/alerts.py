"""`nephoscope alerts list|show`: what is wrong now, and one Alert's whole life from the hub's records."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from nephoscope.alerts.groups import Group, Notification, Snapshot, snapshot_key
from nephoscope.alerts.inhibition import inhibitor
from nephoscope.alerts.life import Alert
from nephoscope.alerts.matchers import parse
from nephoscope.alerts.messages import duration
from nephoscope.alerts.routes import group_keys
from nephoscope.alerts.silences import covering
from nephoscope.cli import hub
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage
from nephoscope.jobs.desk import Desk, read_all

_STYLES = {"firing": "red", "unknown": "yellow", "resolved": "green", "pending": "dim"}


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = subcommands.add_parser("list", parents=[options], help="the Alerts that are open, or all of them")
    listing.add_argument("matchers", nargs="*", metavar="MATCHER", help="only those that match, such as model=fraud")
    listing.add_argument("--all", action="store_true", help="pending and resolved ones too")
    listing.set_defaults(run=list_alerts, name="alerts.list")
    showing = subcommands.add_parser("show", parents=[options], help="one Alert, its life and what was told of it")
    showing.add_argument("fingerprint", help="its fingerprint, or the beginning of it")
    showing.set_defaults(run=show_alert, name="alerts.show")


def list_alerts(arguments: argparse.Namespace) -> Answer:
    """
    The Alerts on record.

    Raises:
        BadUsage: A matcher is none.
    """
    desk = hub.desk(arguments)
    matchers = [matcher(text) for text in arguments.matchers]
    found = {
        identity: alert
        for identity, alert in alerts_of(desk)
        if (arguments.all or alert.open) and all(each.matches(alert.all_labels) for each in matchers)
    }
    now = desk.clock.now()
    silences = desk.all_silences()
    rows = []
    for identity, alert in sorted(found.items(), key=lambda item: (item[1].state, item[1].since)):
        silence = covering(silences, alert.all_labels, now=now)
        source = inhibitor(alert, desk.inhibit_rules, found.values())
        rows.append(
            {
                **hub.alert_document(identity, alert),
                "silenced_by": silence.id if silence else None,
                "inhibited_by": f"{source.check} of {source.subject}" if source else None,
            }
        )

    def text(console: Console) -> None:
        shown = Table("state", "for", Column("subject", overflow="fold"), "check", "where", "fingerprint", box=None)
        for row, alert in zip(rows, (found[row["fingerprint"]] for row in rows), strict=True):
            held = " (silenced)" if row["silenced_by"] else " (inhibited)" if row["inhibited_by"] else ""
            shown.add_row(
                f"[{_STYLES[alert.state]}]{alert.state}[/]{held}",
                duration(now - alert.since),
                *map(escape, (alert.subject, alert.check, alert.labels.get("cloud", ""), row["fingerprint"][:12])),
            )
        console.print(shown if rows else "Nothing is open." if not arguments.all else "There are no Alerts.")

    return Answer({"alerts": rows}, text, hub.verdicts_of(found.values()))


def show_alert(arguments: argparse.Namespace) -> Answer:
    """
    One Alert with its life, its groups and what was told of it.

    Raises:
        BadUsage: No Alert on record has such a fingerprint, or several have, or none is given.
    """
    if not arguments.fingerprint:
        raise BadUsage("A fingerprint begins with at least one digit.", do="see 'nephoscope alerts list --all'")
    desk = hub.desk(arguments)
    found = [(k, a) for k, a in alerts_of(desk) if k.startswith(arguments.fingerprint)]
    if len(found) != 1:
        raise BadUsage(
            f"{len(found)} Alerts have a fingerprint that begins with '{arguments.fingerprint}'.",
            do="give one as 'nephoscope alerts list --all' shows it",
        )
    identity, alert = found[0]
    life = [{"state": str(m.state), "at": m.at, "reason": m.reason} for m in alert.life]
    told = list(_told(identity, desk))
    routes = [key.route.path for key in group_keys(desk.route, alert.all_labels)]
    shown = hub.alert_document(identity, alert)
    document = {**shown, "evidence": alert.evidence_url or None, "routes": routes, "life": life, "told": told}

    def text(console: Console) -> None:
        console.print(escape(f"{alert.check} of {alert.subject}: {alert.state} since {alert.since:%Y-%m-%d %H:%M} UTC"))
        console.print(escape(f"  {alert.reason}{f' {alert.blind}' if alert.blind else ''}"))
        console.print(escape(f"  labels {', '.join(f'{k}={v}' for k, v in sorted(alert.labels.items()))}"))
        console.print(escape(f"  told by {', '.join(routes)}; evidence {alert.evidence_url or 'none'}"))
        for moment in alert.life:
            console.print(escape(f"  {moment.at:%Y-%m-%d %H:%M:%S} {moment.state}: {moment.reason}"))
        for each in told:
            ways = ", ".join(f"{d['channel']} {d['status']}" for d in each["deliveries"])
            console.print(escape(f"  {each['at']:%Y-%m-%d %H:%M:%S} told as {each['why']}: {ways}"))

    return Answer(document, text, hub.verdicts_of([alert] if alert.open else []))


def alerts_of(desk: Desk) -> Iterator[tuple[str, Alert]]:
    """Every Alert on record, with its fingerprint."""
    for stream in desk.each_stream():
        yield from stream.alerts.items()


def matcher(text: str) -> Any:
    """
    Read a matcher of the command line.

    Raises:
        BadUsage: It is none.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise BadUsage(
            f"{str(error)[:1].upper()}{str(error)[1:]}.", do="write it as model=fraud or 'model=~\"fraud.*\"'"
        ) from error


def _told(identity: str, desk: Desk) -> Iterator[dict[str, Any]]:
    """The Notifications of which the Alert was news, as far as the groups remember them, the oldest first."""
    groups = read_all(desk.state, list(desk.state.list("groups/")), Group).values()
    made: dict[str, Notification] = {snapshot_key(n.at, n.id): n for g in groups for n in (*g.closed, *g.open)}
    snapshots = read_all(desk.state, sorted(made, key=lambda key: made[key].at), Snapshot)
    for key, snapshot in snapshots.items():
        if identity in snapshot.news or (not snapshot.news and any(a.fingerprint == identity for a in snapshot.alerts)):
            deliveries = [
                {"channel": name, "status": str(d.status), "tries": d.tries, "at": d.done_at, "error": d.error or None}
                for name, d in made[key].deliveries.items()
            ]
            yield {"id": snapshot.id, "at": snapshot.at, "why": str(snapshot.why), "deliveries": deliveries}
