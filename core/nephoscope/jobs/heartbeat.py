"""
Which streams stopped: the hub looks when two intervals are over, not at every stream each minute.

Each stream with an interval has one marker at the time it would be late. Where it reported since, the look plans the
next one; where it did not, its heartbeat Alert becomes unknown and what fires becomes blind.
"""

from __future__ import annotations

from datetime import datetime

from nephoscope.alerts import streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.streams import Stream
from nephoscope.jobs import notify
from nephoscope.jobs.fold import Round


def check(marker: Marker, in_round: Round) -> list[Marker]:
    """Look whether the stream of a marker is late, and plan the next look; returns what is now to be told."""
    desk, now = in_round.desk, in_round.now
    return notify.change(
        marker.stream, lambda stream: _looked(stream, now), state=desk.state, now=now, route=desk.route
    )


def _looked(stream: Stream | None, now: datetime) -> tuple[Stream, frozenset[str]] | None:
    if stream is None:
        return None
    after, news = streams.late(stream, now=now)
    if after is not stream:
        return after, news
    return streams.awake(stream), frozenset()
