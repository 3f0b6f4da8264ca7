"""
The configuration changed: every open Alert goes to the groups it belongs to now, what left it is no longer watched, and
what its timers make come is awaited.

Without this an Alert would keep the old route's people company until its next Report, one of a data set that is gone
for ever, and a job that never ran at all would be missed by nobody.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import partial

from nephoscope.alerts import due, streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.streams import Expected, Stream
from nephoscope.jobs import notify
from nephoscope.jobs.desk import Desk
from nephoscope.records import NewerRecord


def reroute(desk: Desk) -> None:
    """Look at every stream once with the configuration as it is now, and plan the ends of the silences in it."""
    now = desk.clock.now()
    expected = {each.name: each for each in desk.expected(now)}
    for name in dict.fromkeys([*desk.stream_names(), *expected]):
        to = partial(_under_new_rules, expected.get(name), desk, now)
        with suppress(NewerRecord):  # whoever wrote it knows newer rules than these
            notify.change(name, to, state=desk.state, now=now, route=desk.route)
    for silence in desk.silences:
        if silence.ends > now:
            desk.state.create(Marker(silence.ends, due.SILENCES, "", silence.id).key, b"{}")


def _under_new_rules(
    expected: Expected | None, desk: Desk, now: datetime, stream: Stream | None
) -> tuple[Stream, frozenset[str]] | None:
    if stream is not None:
        return streams.reconfigured(stream, expected, desk.watches, now=now)
    return None if expected is None else (streams.awaited(expected, now=now), frozenset())
