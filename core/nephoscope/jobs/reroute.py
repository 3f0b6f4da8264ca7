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

from nephoscope.alerts import streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.streams import Expected, Stream
from nephoscope.jobs import hush, notify
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.fold import group_key
from nephoscope.records import NewerRecord


def reroute(desk: Desk) -> None:
    """Look at every stream once with the configuration as it is now, and tell of the silences in it."""
    now = desk.clock.now()
    expected = {each.name: each for each in desk.expected(now)}
    for name in dict.fromkeys([*desk.stream_names(), *expected]):
        to = partial(_under_new_rules, expected.get(name), desk, now)
        with suppress(NewerRecord):  # whoever wrote it knows newer rules than these
            notify.change(name, to, state=desk.state, now=now, route=desk.route)
    for silence in desk.silences:
        if silence.ends > now:
            hush.stand(silence, desk)
    # A silence or an interval that was taken out holds nothing back any more, and has no end that anybody looks at.
    homes = {group for stream in desk.each_stream(readable=True) for its in stream.homes.values() for group in its}
    for group in sorted(homes):
        if desk.state.get(group_key(group)) is not None:  # one that never looked has its first look before it
            desk.state.create(Marker(now, group, "", "reroute").key, b"{}")


def _under_new_rules(
    expected: Expected | None, desk: Desk, now: datetime, stream: Stream | None
) -> tuple[Stream, frozenset[str]] | None:
    if stream is not None:
        return streams.reconfigured(stream, expected, desk.watches, now=now)
    return None if expected is None else (streams.awaited(expected, now=now), frozenset())
