"""
A Channel that is dead is an Alert of the check `hub.channel`, told by the others, which resolves when it is told again.

What it could not be told was handed to another Channel already (`groups.with_delivery`); this says why.
"""

from __future__ import annotations

from collections.abc import Iterable

from nephoscope import records
from nephoscope.alerts.groups import Status
from nephoscope.alerts.streams import Stream, stream_key, stream_name
from nephoscope.events import stable_id
from nephoscope.findings import Finding, Severity, Verdict
from nephoscope.jobs import notify
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.fold import CHANNEL_CHECK
from nephoscope.jobs.send import Told
from nephoscope.report import Report

JOB = "hub"


def judge(told: Iterable[Told], desk: Desk) -> None:
    """Say of each Channel that was told whether it lives; of one that always did, nothing."""
    newest = {each.channel: each for each in told if each.status in (Status.SENT, Status.DEAD)}
    for channel, each in newest.items():
        scope = scope_of(channel)
        dead = each.status is Status.DEAD
        if desk.watches(JOB, scope) and (dead or _was_dead(scope, desk)):
            _take_in(channel, each.error if dead else "", desk)


def scope_of(channel: str) -> str:
    """The scope of the stream that speaks of a Channel."""
    return f"channel {channel}"


def _was_dead(scope: str, desk: Desk) -> bool:
    stream = records.read(desk.state, stream_key(stream_name(JOB, desk.cloud, scope)), Stream)
    return stream is not None and any(alert.open for alert in stream.alerts.values())


def _take_in(channel: str, error: str, desk: Desk) -> None:
    now = desk.clock.now()
    verdict, reason = (Verdict.BREACH, error) if error else (Verdict.OK, "It was told again.")
    finding = Finding(CHANNEL_CHECK, channel, verdict, reason, severity=Severity.HIGH, labels={"channel": channel})
    identity = stable_id("hub", channel, now.isoformat(), error)
    report = Report(
        identity,
        JOB,
        desk.cloud,
        scope_of(channel),
        now,
        identity,
        identity[:16],
        (finding,),
        settings_hash=desk.settings_hash,
    )
    notify.take_in(report, state=desk.state, now=now, route=desk.route)
