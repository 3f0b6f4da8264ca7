"""
The hub's intake: a Report from the topic changes its stream's Alerts; only then is the message acknowledged.

The stream's record is the durable queue from here on: it holds every Change until the group's record holds it. One
compare-and-swap a Report, and create-only markers that say when its groups have to speak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from nephoscope import records
from nephoscope.alerts import streams
from nephoscope.alerts.due import HEARTBEATS, Marker, planned
from nephoscope.alerts.life import Alert
from nephoscope.alerts.routes import Route, group_keys
from nephoscope.alerts.streams import Stream
from nephoscope.events import MessageReceived
from nephoscope.ports import Clock, State
from nephoscope.records import Memory
from nephoscope.report import Report, from_cloudevent

REPORTS = "reports/"


def run(
    event: MessageReceived, *, state: State, clock: Clock, route: Route, memory: Memory | None = None
) -> tuple[Report, list[Marker]]:
    """
    Take one Report in: of one that tells nothing new two requests, its own record and its stream's, with `memory`.

    Returns:
        The Report (or the part of it) and the markers of its own news. What is due since before is the sweep's, which
        tells a group whole: a repeated Report would have it speak of this stream alone.

    Raises:
        BadPayload: The message is no Report.
        Transient: The state does not answer; nothing is acknowledged.
    """
    report, now = from_cloudevent(event.body), clock.now()
    state.create(report_key(report), event.body)
    markers = take_in(report, state=state, now=now, route=route, memory=memory)
    return report, [marker for marker in markers if marker.at >= now]


def take_in(report: Report, *, state: State, now: datetime, route: Route, memory: Memory | None = None) -> list[Marker]:
    """Apply a Report to its stream and mark when its groups speak; a Report seen before makes its markers anew."""
    name = streams.stream_name(report.job, report.cloud, report.scope)
    to = partial(streams.apply, report=report, now=now)
    return change(name, to, state=state, now=now, route=route, memory=memory)


def change(
    name: str,
    to: Callable[[Stream | None], tuple[Stream, frozenset[str]] | None],
    *,
    state: State,
    now: datetime,
    route: Route,
    memory: Memory | None = None,
) -> list[Marker]:
    """
    Change a stream and mark what is now to be told of it.

    Args:
        name: The stream's short name.
        to: The stream to its next state and the fingerprints of which there is news; None leaves it as it is. It may be
            called several times.
        state: Where it lives.
        now: The hub's time.
        route: Who is told what.
        memory: What this process wrote last, where it is asked for.
    """

    def changed(stream: Stream | None) -> Stream | None:
        made = to(stream)
        if made is None or made[0] is stream:
            return stream
        after = streams.routed(made[0], made[1], groups_of(route), now=now)
        after = replace(after, beat_at=_next_beat(after, now))
        return stream if after == stream else after

    stream = records.change(state, streams.stream_key(name), Stream, changed, memory=memory)
    markers = [] if stream is None else markers_of(stream)
    for marker in markers:
        state.create(marker.key, b"{}")
    return [marker for marker in markers if marker.group != HEARTBEATS]


def groups_of(route: Route) -> Callable[[Alert], dict[str, timedelta]]:
    """The groups of an Alert under a route tree, with each one's wait."""
    return lambda alert: {key.id: key.route.group_wait for key in group_keys(route, alert.all_labels)}


def markers_of(stream: Stream) -> list[Marker]:
    """One marker for each group and Change of this stream that is to be told, and one for its heartbeat."""
    wanted = {(at, group, change.id) for change in stream.to_tell for group, at in change.groups.items()}
    first: dict[tuple[datetime, str], Marker] = {}  # of many Changes for one group at one time one marker is enough
    for at, group, identity in sorted(wanted):
        first.setdefault((at, group), Marker(at, group, stream.name, identity))
    beat = [] if stream.beat_at is None else [Marker(stream.beat_at, HEARTBEATS, stream.name, "beat")]
    return [*first.values(), *beat]


def _next_beat(stream: Stream, now: datetime) -> datetime | None:
    """When the hub looks whether the stream is late: when it would be, or at a look before that is planned already."""
    ahead = stream.beat_at if stream.beat_at is not None and stream.beat_at > now else None
    if stream.late_at is None:
        return ahead
    late_at = planned(stream.late_at, now)
    return late_at if ahead is None else min(ahead, late_at)


def report_key(report: Report) -> str:
    """Where a received part is kept, as it came."""
    return f"{REPORTS}{report.at.astimezone(UTC).date().isoformat()}/{report.id}-{report.part.number}.json"
