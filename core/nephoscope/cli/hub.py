"""What the commands of the hub's desk have in common."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from nephoscope.adapters.local.clock import FixedClock, SystemClock
from nephoscope.alerts.life import Alert
from nephoscope.alerts.silences import Silence
from nephoscope.cli import configuration
from nephoscope.findings import Verdict
from nephoscope.jobs.desk import Desk
from nephoscope.ports import Clock
from nephoscope.wiring.hub import records_desk


def desk(arguments: Namespace) -> Desk:
    """The hub's records and rules, as the configuration names them; its channels are left closed."""
    return records_desk(configuration.settings(arguments), clock(arguments))


def clock(arguments: Namespace) -> Clock:
    """The time that `--now` says, or the machine's."""
    now = getattr(arguments, "now", None)
    return FixedClock(now) if now else SystemClock()


def alert_document(identity: str, alert: Alert) -> dict[str, Any]:
    """An Alert as the commands answer it."""
    return {
        "fingerprint": identity,
        "check": alert.check,
        "subject": alert.subject,
        "labels": dict(alert.labels),
        "state": str(alert.state),
        "severity": str(alert.severity),
        "since": alert.since,
        "began": alert.began,
        "value": None if alert.value is None else float(alert.value),
        "limit": None if alert.limit is None else str(alert.limit),
        "reason": alert.reason,
        "blind": alert.blind or None,
    }


def silence_document(silence: Silence, now: datetime, *, source: str) -> dict[str, Any]:
    """A silence as the commands answer it."""
    state = "active" if silence.active(now) else "pending" if now < silence.starts else "expired"
    return {
        "id": silence.id,
        "matchers": list(silence.matchers),
        "author": silence.author,
        "reason": silence.reason,
        "starts": silence.starts,
        "ends": silence.ends,
        "state": state,
        "expired_by": silence.expired_by or None,
        "source": source,
    }


def verdicts_of(alerts: Iterable[Alert]) -> set[Verdict]:
    """What `--fail-on` looks at: a breach where something fires, unknown where something cannot be seen."""
    meant = {"firing": Verdict.BREACH, "unknown": Verdict.UNKNOWN}
    return {meant[str(alert.state)] for alert in alerts if str(alert.state) in meant}
