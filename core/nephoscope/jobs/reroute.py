"""
The configuration changed: every open Alert goes to the groups it belongs to now, and what left it is no longer watched.

Without this an Alert would keep the old route's people company until its next Report, and one of a data set that is
gone for ever.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from nephoscope.alerts import due, streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.streams import Stream
from nephoscope.jobs import notify
from nephoscope.jobs.desk import Desk
from nephoscope.records import NewerRecord


def reroute(desk: Desk) -> None:
    """Look at every stream once with the configuration as it is now, and plan the ends of the silences in it."""
    now = desk.clock.now()
    for name in desk.stream_names():
        with suppress(NewerRecord):  # whoever wrote it knows newer rules than these
            notify.change(
                name, lambda stream: _under_new_rules(stream, desk, now), state=desk.state, now=now, route=desk.route
            )
    for silence in desk.silences:
        if silence.ends > now:
            desk.state.create(Marker(silence.ends, due.SILENCES, "", silence.id).key, b"{}")


def _under_new_rules(stream: Stream | None, desk: Desk, now: datetime) -> tuple[Stream, frozenset[str]] | None:
    if stream is None:
        return None
    if desk.watches(stream.job, stream.scope):
        return streams.awake(stream), frozenset()
    return streams.unwatch(stream, now=now)
