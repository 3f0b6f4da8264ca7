"""
The hub's intake: a Report from the topic changes its stream's Alerts; only then is the message acknowledged.

The stream's record is the durable queue from here on: it holds every change until the group's record holds it. One
compare-and-swap a Report, and create-only markers that say when its groups have to speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from nephoscope import records
from nephoscope.alerts import streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.routes import Route, group_keys
from nephoscope.alerts.streams import Stream, Transition
from nephoscope.events import MessageReceived
from nephoscope.ports import Clock, State
from nephoscope.report import Report, from_cloudevent

REPORTS = "reports/"


def run(event: MessageReceived, *, state: State, clock: Clock, route: Route) -> tuple[Report, list[Marker]]:
    """
    Take one Report in.

    Returns:
        The Report (or the part of it) and the markers of what is now to be told.

    Raises:
        BadPayload: The message is no Report.
        Transient: The state does not answer; nothing is acknowledged.
    """
    report = from_cloudevent(event.body)
    state.create(report_key(report), event.body)
    return report, take_in(report, state=state, now=clock.now(), route=route)


def take_in(report: Report, *, state: State, now: datetime, route: Route) -> list[Marker]:
    """Apply a Report to its stream and mark when its groups speak; a Report seen before makes its markers anew."""
    key = streams.stream_key(report.job, report.cloud, report.scope)

    def applied(stream: Stream | None) -> Stream:
        after, changes = streams.apply(stream, report, now=now)
        if after is stream:
            return stream
        return replace(after, to_tell=(*after.to_tell, *routed(changes, route, now)))

    stream = records.change(state, key, Stream, applied)
    markers = [] if stream is None else markers_of(stream, key)
    for marker in markers:
        state.create(marker.key, b"{}")
    return markers


def routed(changes: Sequence[Transition], route: Route, now: datetime) -> list[Transition]:
    """Say for each change which groups have to take it over, and when."""
    return [
        replace(
            change,
            groups={key.id: now + key.route.group_wait for key in group_keys(route, change.alert.all_labels)},
        )
        for change in changes
    ]


def markers_of(stream: Stream, key: str) -> list[Marker]:
    """One marker for each group and time at which something of this stream is to be told."""
    name = key.removeprefix("streams/").removesuffix(".json")
    wanted = {(at, group) for change in stream.to_tell for group, at in change.groups.items()}
    return [Marker(at, group, name, stream.last_report) for at, group in sorted(wanted)]


def report_key(report: Report) -> str:
    """Where a received part is kept, as it came."""
    return f"{REPORTS}{report.at.astimezone(UTC).date().isoformat()}/{report.id}-{report.part.number}.json"
