"""
What the hub knows of one stream of Reports, and how one more Report changes it; pure.

A stream is one (job, cloud, scope). A complete Report speaks of every subject of its stream, so an Alert that it no
longer mentions is no longer watched. Reports older than the newest one, and parts that were applied before, change
nothing. One from the future, by the hub's clock, is the newest only until the next one comes.

The stream is also its own heartbeat: where Reports come at intervals, one that is missing for two of them is an Alert
of the check `hub.heartbeat`, and what fires is marked blind until the next complete Report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from nephoscope.alerts.fingerprint import fingerprint
from nephoscope.alerts.life import Alert, Moment, Phase, Sighting, step, worse
from nephoscope.events import stable_id
from nephoscope.findings import Severity, unknown
from nephoscope.report import Report

CLOSED_KEPT = timedelta(days=62)  # longer than the longest silence (30 days) twice: its end tells what resolved in it
RECENT_KEPT = 24  # values that a chart shows
HEARTBEAT = "hub.heartbeat"
PREFIX = "streams/"
MISSED = 2  # intervals without a Report, after which a stream is late
SKEW = timedelta(hours=1)  # how far ahead of the hub's clock a Report's may be
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # older than any Report


@dataclass(frozen=True, slots=True)
class Expected:
    """A stream that a timer of the configuration makes come, and how often."""

    job: str
    cloud: str
    scope: str
    interval_seconds: float

    @property
    def name(self) -> str:
        """The stream's short name."""
        return stream_name(self.job, self.cloud, self.scope)


@dataclass(frozen=True, slots=True)
class Change:
    """Something new of an Alert: the groups that still have to take it over, and when each is to look."""

    id: str
    fingerprint: str
    groups: Mapping[str, datetime]


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
    complete_at: (
        datetime  # by the hub's clock: when all parts of a Report had been applied, or when it was first heard of
    )
    parts: tuple[int, ...] = ()  # of the newest Report, those that were applied
    parts_of: int = 1
    mentioned: tuple[str, ...] = ()  # the Alerts that those parts spoke of
    passed: str = ""  # the event of the newest Report from the future that another one passed
    interval_seconds: float | None = None
    beat_at: datetime | None = None  # when the hub looks next whether the stream is late
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    recent: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # each subject's newest values, ok ones too
    homes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the groups that each Alert was last told in
    to_tell: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        """The stream's short name."""
        return stream_name(self.job, self.cloud, self.scope)

    @property
    def late_at(self) -> datetime | None:
        """When it will be late; None where no Report is expected."""
        if self.interval_seconds is None:
            return None
        return self.complete_at + timedelta(seconds=MISSED * self.interval_seconds)


def stream_name(job: str, cloud: str, scope: str) -> str:
    """The short name of a stream."""
    return stable_id(job, cloud, scope)


def stream_key(name: str) -> str:
    """Where a stream's record lies."""
    return f"{PREFIX}{name}.json"


def apply(stream: Stream | None, report: Report, *, now: datetime) -> tuple[Stream, frozenset[str]]:
    """
    Apply one Report, or one part of it.

    Args:
        stream: What was known, or None.
        report: A Report or a part.
        now: The hub's time, kept as the stream's heartbeat.

    Returns:
        The stream after it, and the fingerprints of the Alerts of which there is news.
        An older Report, or a part seen before, changes nothing and returns the same stream.
    """
    if stream is not None and not _news(stream, report, now):
        return stream, frozenset()
    before = _begun(stream, report, now)
    seen = [(_identity(sighting), sighting) for sighting in _sightings(report, _time(report, now))]
    alerts = {**before.alerts, **_stepped(before.alerts, seen)}
    parts = (*before.parts, report.part.number)
    mentioned = (*before.mentioned, *(identity for identity, _ in seen))
    complete = len(parts) == report.part.of
    if complete:
        alerts |= _completed(before, alerts, frozenset(mentioned), report, _time(report, now))
    after = replace(
        before,
        parts=parts,
        mentioned=() if complete else mentioned,
        complete_at=now if complete else before.complete_at,
        interval_seconds=_interval(before, report) if complete else before.interval_seconds,
        alerts=_kept(alerts, before, now),
        recent=_recent(before.recent, seen, frozenset(mentioned) if complete else None),
    )
    return after, frozenset(k for k, alert in after.alerts.items() if _changed(before.alerts.get(k), alert))


def _news(stream: Stream, report: Report, now: datetime) -> bool:
    known = (stream.last_at, stream.last_event)
    if report.seq == known:
        return report.part.number not in stream.parts
    return report.event_id != stream.passed and (report.seq > known or _passes(stream, report, now))


def _passes(stream: Stream, report: Report, now: datetime) -> bool:
    """Whether the newest Report lies in the future, and this one does not."""
    return report.at <= now + SKEW < stream.last_at


def _time(report: Report, now: datetime) -> datetime:
    """When its Findings were seen: by the hub's clock where its own is wrong."""
    return report.at if report.at <= now + SKEW else now


def _begun(stream: Stream | None, report: Report, now: datetime) -> Stream:
    """The stream at the moment before this Report or part is applied."""
    if stream is None:
        interval = report.interval_seconds
        stream = Stream(report.job, report.cloud, report.scope, report.at, "", "", now, now, interval_seconds=interval)
    if (stream.last_at, stream.last_event) == report.seq:
        return replace(stream, last_seen=now)
    return replace(
        stream,
        last_at=report.at,
        last_event=report.event_id,
        last_report=report.id,
        last_seen=now,
        parts=(),
        parts_of=report.part.of,
        mentioned=(),
        passed=stream.last_event if _passes(stream, report, now) else stream.passed,
    )


def _interval(stream: Stream, report: Report) -> float | None:
    """How often Reports come: as the newest one says; one by hand says nothing, and the timer is awaited as before."""
    return stream.interval_seconds if report.interval_seconds is None else report.interval_seconds


def _sightings(report: Report, at: datetime) -> list[Sighting]:
    # A Report that asked several clouds says of each Finding which one it speaks of.
    about = {"job": report.job, "scope": report.scope}
    return [
        Sighting(
            finding,
            at,
            {"cloud": report.cloud, **finding.labels, **about},
            report.evidence_url,
            report.correlation_id,
        )
        for finding in report.findings
    ]


def _identity(sighting: Sighting) -> str:
    return fingerprint(sighting.finding.check, sighting.finding.subject, sighting.labels)


def _stepped(alerts: Mapping[str, Alert], seen: Iterable[tuple[str, Sighting]]) -> dict[str, Alert]:
    stepped: dict[str, Alert | None] = {}
    for identity, sighting in seen:
        stepped[identity] = step(stepped.get(identity, alerts.get(identity)), sighting)
    return {
        k: alert if alert is not None else _forgotten(alerts[k]) for k, alert in stepped.items() if alert or k in alerts
    }


def _forgotten(pending: Alert) -> Alert:
    """A breach that did not last: nobody was told, and `_kept` drops it."""
    return replace(pending, state=Phase.RESOLVED, life=())


def _completed(
    stream: Stream, alerts: Mapping[str, Alert], mentioned: frozenset[str], report: Report, at: datetime
) -> dict[str, Alert]:
    """
    What a complete Report says beyond its Findings: the stream lives, and what it left out is no longer watched.

    Where a source did not answer, what is left out may only not have been seen: what fires becomes blind.
    """
    left_out = {k: a for k, a in alerts.items() if k not in mentioned and a.state is not Phase.RESOLVED}
    beat = left_out.pop(heartbeat_fingerprint(stream), None)
    lives = {} if beat is None else {heartbeat_fingerprint(stream): _closed(beat, at, "It reports again.")}
    if report.coverage.answered < report.coverage.asked:
        firing = {k: a for k, a in left_out.items() if a.state is Phase.FIRING}
        return lives | {k: replace(a, blind=a.blind or f"Only {report.coverage}.") for k, a in firing.items()}
    return lives | {k: _closed(a, at, "It is no longer watched.") for k, a in left_out.items()}


def _closed(alert: Alert, at: datetime, reason: str) -> Alert:
    life = (*alert.life, Moment(Phase.RESOLVED, at, reason))
    return replace(alert, state=Phase.RESOLVED, since=at, reason=reason, blind="", life=life)


def _kept(alerts: Mapping[str, Alert], stream: Stream, now: datetime) -> dict[str, Alert]:
    untold = {change.fingerprint for change in stream.to_tell}
    return {
        k: a
        for k, a in alerts.items()
        if a.state is not Phase.RESOLVED or k in untold or (a.life and now - a.since < CLOSED_KEPT)
    }


def _recent(
    before: Mapping[str, tuple[float, ...]], seen: Iterable[tuple[str, Sighting]], mentioned: frozenset[str] | None
) -> dict[str, tuple[float, ...]]:
    """Each subject's newest values, five digits of each; `mentioned` is given when the Report is complete."""
    recent = {k: values for k, values in before.items() if mentioned is None or k in mentioned}
    for identity, sighting in seen:
        if sighting.finding.value is not None:
            value = float(f"{sighting.finding.value:.5g}")
            if math.isfinite(value):  # the greatest numbers round to infinity, which JSON cannot say
                recent[identity] = (*recent.get(identity, ()), value)[-RECENT_KEPT:]
    return recent


def _changed(before: Alert | None, after: Alert) -> bool:
    if after.state is Phase.PENDING:
        return False
    if before is None or before.state is not after.state:
        return before is None or before.state is not Phase.PENDING or after.state is not Phase.RESOLVED
    return after.open and (worse(after.severity, before.severity) or bool(after.blind) is not bool(before.blind))


def heartbeat_fingerprint(stream: Stream) -> str:
    """The identity of the Alert that says the stream is late."""
    return _identity(_missed(stream, stream.last_at))


def _missed(stream: Stream, now: datetime) -> Sighting:
    due = f"one is due every {timedelta(seconds=stream.interval_seconds or 0)}."
    if stream.last_report:
        parts = f"Only {len(stream.parts)} of {stream.parts_of} parts of its newest Report came. "
        some = parts if len(stream.parts) < stream.parts_of else ""
        reason = f"{some}No complete Report came since {stream.complete_at:%Y-%m-%d %H:%M} UTC; {due}"
    else:
        reason = f"No Report ever came; since {stream.complete_at:%Y-%m-%d %H:%M} UTC {due}"
    finding = unknown(HEARTBEAT, f"{stream.job} of {stream.scope}", reason=reason, severity=Severity.HIGH)
    return Sighting(finding, now, _labels(stream))


def _labels(stream: Stream) -> dict[str, str]:
    return {"cloud": stream.cloud, "job": stream.job, "scope": stream.scope}


def late(stream: Stream, *, now: datetime) -> tuple[Stream, frozenset[str]]:
    """
    Say that a stream is late, if it is: its heartbeat becomes UNKNOWN, what fires becomes blind.

    Returns:
        The stream, and the fingerprints of the Alerts of which there is news; the same stream where it is not late.
    """
    if not _is_late(stream, now):
        return stream, frozenset()
    sighting = _missed(stream, now)
    beat = _identity(sighting)
    known = stream.alerts.get(beat)
    if known is not None and known.open:
        return stream, frozenset()
    blinded = {
        k: replace(a, blind=sighting.finding.reason)
        for k, a in stream.alerts.items()
        if a.state is Phase.FIRING and not a.blind
    }
    after = step(known, sighting)
    alerts = {**stream.alerts, **blinded, **({beat: after} if after else {})}
    return replace(stream, alerts=alerts), frozenset({beat, *blinded})


def _is_late(stream: Stream, now: datetime) -> bool:
    return stream.late_at is not None and now >= stream.late_at


def awake(stream: Stream) -> Stream:
    """The same stream, for a look at everything that follows from it: its groups and its next heartbeat."""
    return replace(stream)


def awaited(expected: Expected, *, now: datetime) -> Stream:
    """A stream of which nothing ever came, and something has to from now on."""
    return replace(
        Stream(expected.job, expected.cloud, expected.scope, NEVER, "", "", now, now),
        interval_seconds=expected.interval_seconds,
    )


def reconfigured(
    stream: Stream, expected: Expected | None, watches: Callable[[Mapping[str, str]], bool], *, now: datetime
) -> tuple[Stream, frozenset[str]]:
    """
    The stream under a configuration that changed.

    Args:
        stream: What was known.
        expected: What the timers make come of it now; None where they make nothing come.
        watches: Whether the configuration has what some labels name; Alerts of what it has not resolve.
        now: The hub's time.

    Returns:
        The stream, and the fingerprints of the Alerts of which there is news.
    """
    stays = watches(_labels(stream))
    gone = {
        k: _closed(a, now, "It is no longer watched.")
        for k, a in stream.alerts.items()
        if a.state is not Phase.RESOLVED and not (stays and watches(a.all_labels))
    }
    after = replace(stream, alerts={**stream.alerts, **gone})
    if not (stays and watches({**_labels(stream), "check": HEARTBEAT})):
        after = replace(after, interval_seconds=None)
    elif expected is not None and stream.interval_seconds != expected.interval_seconds and not _is_late(stream, now):
        after = replace(after, interval_seconds=expected.interval_seconds, complete_at=now)
    return after, frozenset(gone)


def routed(
    stream: Stream, news: frozenset[str], groups_of: Callable[[Alert], Mapping[str, timedelta]], *, now: datetime
) -> Stream:
    """
    Say which groups have to take over the news, and when; Alerts that belong elsewhere now are news to both groups.

    Args:
        stream: The stream with its news applied.
        news: The fingerprints of Alerts of which there is news.
        groups_of: The groups that an Alert belongs to, with each one's wait.
        now: The hub's time.
    """
    homes = dict(stream.homes)
    to_tell = {change.fingerprint: change for change in stream.to_tell}
    for identity, alert in stream.alerts.items():
        if not alert.open and identity not in news:
            continue
        home = homes.get(identity, ())
        # What resolved is told where its trouble was told, whatever its labels say now.
        waits = groups_of(alert) if alert.open else dict.fromkeys(home, timedelta(0))
        if identity not in news and set(home) == set(waits):
            continue
        known = to_tell[identity].groups if identity in to_tell else {}
        when = {group: now + wait for group, wait in waits.items()} | dict.fromkeys(set(home) - set(waits), now)
        facts = (alert.state, str(len(alert.life)), alert.severity, alert.blind, now.isoformat())
        to_tell[identity] = Change(stable_id(stream.last_report, identity, *facts), identity, {**when, **known})
        homes[identity] = tuple(sorted(waits))
    homes = {k: groups for k, groups in homes.items() if k in stream.alerts}
    after = replace(stream, homes=homes, to_tell=tuple(to_tell.values()))
    return stream if after == stream else after


def hand_over(stream: Stream, group: str, taken: frozenset[str]) -> Stream:
    """The stream after a group's record took over these Changes; a Change leaves with its last group."""
    left = tuple(
        replace(c, groups={g: at for g, at in c.groups.items() if g != group}) if c.id in taken else c
        for c in stream.to_tell
    )
    left = tuple(c for c in left if c.groups)
    return stream if left == stream.to_tell else replace(stream, to_tell=left)
