"""
What the hub knows of one stream of Reports, and how one more Report changes it; pure.

A stream is one (job, cloud, scope). A complete Report speaks of every subject of its stream, so an Alert that it no longer
mentions is no longer watched. Reports older than the newest one, and parts that were applied before, change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nephoscope.alerts.fingerprint import fingerprint
from nephoscope.alerts.life import Alert, Moment, Phase, Sighting, step, worse
from nephoscope.events import stable_id
from nephoscope.report import Report

CLOSED_KEPT = timedelta(days=16)  # longer than any redelivery (7 days) twice


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an Alert that people may have to be told."""

    id: str
    alert: Alert
    at: datetime
    groups: Mapping[str, datetime] = field(default_factory=dict)  # those that still have to take it over, and when


@dataclass(frozen=True, slots=True)
class Stream:
    """The hub's record of one (job, cloud, scope): its heartbeat, its Alerts and what is still to tell of them."""

    job: str
    cloud: str
    scope: str
    last_at: datetime
    last_event: str
    last_report: str
    last_seen: datetime  # by the hub's clock
    parts: tuple[int, ...] = ()  # of the newest Report, those that were applied
    mentioned: tuple[str, ...] = ()  # the Alerts that those parts spoke of
    interval_seconds: float | None = None
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    to_tell: tuple[Transition, ...] = ()


def stream_key(job: str, cloud: str, scope: str) -> str:
    """Where a stream's record lies."""
    return f"streams/{stable_id(job, cloud, scope)}.json"


def apply(
    stream: Stream | None, report: Report, *, now: datetime, hold: timedelta = timedelta(0)
) -> tuple[Stream, tuple[Transition, ...]]:
    """
    Apply one Report, or one part of it.

    Args:
        stream: What was known, or None.
        report: A Report or a part.
        now: The hub's time, kept as the stream's heartbeat.
        hold: How long a breach lasts before it fires.

    Returns:
        The stream after it, and the changes to tell (which are not yet among `to_tell`: their groups are not known here).
        An older Report, or a part seen before, changes nothing and returns the same stream.
    """
    if stream is not None and not _news(stream, report):
        return stream, ()
    fresh = stream is None or (stream.last_at, stream.last_event) != report.seq
    alerts = dict(stream.alerts) if stream else {}
    mentioned = [] if fresh or stream is None else list(stream.mentioned)
    parts = (report.part.number,) if fresh or stream is None else (*stream.parts, report.part.number)
    changes: list[Transition] = []

    for sighting in _sightings(report):
        identity = fingerprint(sighting.finding.check, sighting.finding.subject, sighting.labels)
        before = alerts.get(identity)
        after = step(before, sighting, hold=hold)
        mentioned.append(identity)
        _keep(alerts, identity, after)
        if after is not None and _changed(before, after):
            changes.append(_transition(after, report))

    if len(parts) == report.part.of:
        for identity in set(alerts) - set(mentioned):
            after = _unwatched(alerts[identity], report.at)
            if after is not alerts[identity]:
                alerts[identity] = after
                changes.append(_transition(after, report))
        alerts = {k: a for k, a in alerts.items() if a.state is not Phase.RESOLVED or now - a.since < CLOSED_KEPT}

    return (
        Stream(
            report.job,
            report.cloud,
            report.scope,
            report.at,
            report.event_id,
            report.id,
            now,
            parts,
            tuple(mentioned),
            report.interval_seconds,
            alerts,
            stream.to_tell if stream else (),
        ),
        tuple(changes),
    )


def _news(stream: Stream, report: Report) -> bool:
    known = (stream.last_at, stream.last_event)
    if report.seq == known:
        return report.part.number not in stream.parts
    return report.seq > known


def _sightings(report: Report) -> list[Sighting]:
    return [
        Sighting(
            finding,
            report.at,
            {**finding.labels, "cloud": report.cloud, "job": report.job},
            report.evidence_url,
            report.correlation_id,
        )
        for finding in report.findings
    ]


def _keep(alerts: dict[str, Alert], identity: str, alert: Alert | None) -> None:
    if alert is None:
        alerts.pop(identity, None)
    else:
        alerts[identity] = alert


def _changed(before: Alert | None, after: Alert) -> bool:
    if after.state is Phase.PENDING:
        return False
    if before is None or before.state is not after.state:
        return True
    return after.open and (worse(after.severity, before.severity) or after.blind != before.blind)


def _unwatched(alert: Alert, at: datetime) -> Alert:
    if alert.state is Phase.RESOLVED:
        return alert
    reason = "no longer watched"
    return replace(
        alert, state=Phase.RESOLVED, since=at, reason=reason, life=(*alert.life, Moment(Phase.RESOLVED, at, reason))
    )


def _transition(alert: Alert, report: Report) -> Transition:
    return Transition(stable_id(alert.fingerprint, report.id, alert.state), alert, report.at)


def hand_over(stream: Stream, group: str, taken: frozenset[str]) -> Stream:
    """The stream after a group's record took over these transitions; a transition leaves with its last group."""
    left = tuple(
        replace(t, groups={g: at for g, at in t.groups.items() if g != group}) if t.id in taken else t
        for t in stream.to_tell
    )
    left = tuple(t for t in left if t.groups)
    return stream if left == stream.to_tell else replace(stream, to_tell=left)
