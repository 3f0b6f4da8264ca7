"""A Report rendered and routed again, dry: what people would be told if it came now and nothing were known before."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby

from nephoscope.alerts.messages import Message
from nephoscope.alerts.routes import Route
from nephoscope.errors import BadUsage
from nephoscope.jobs import deliver, notify
from nephoscope.jobs.desk import READERS, Desk
from nephoscope.ports import State
from nephoscope.report import Report, from_cloudevent

NAMED = 5  # so many runs are named where one was asked for


@dataclass(slots=True)
class Kept:
    """A Channel that keeps what it is sent."""

    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> str:
        """Keep one Message."""
        self.messages.append(message)
        return ""


def run(reports: Iterable[Report], desk: Desk, *, scratch: State) -> dict[str, list[Message]]:
    """
    Take a Report's parts in and tell nobody.

    Args:
        reports: All parts of one Report.
        desk: The hub's; its records and Channels are left alone.
        scratch: An empty State to work in.

    Returns:
        Each Channel's Messages.
    """
    channels = {name: Kept() for name in _channels(desk.route)}
    dry = replace(desk, state=scratch, route=_at_once(desk.route), channels=channels)
    for report in reports:
        notify.take_in(report, state=scratch, now=desk.clock.now(), route=dry.route)
    deliver.sweep(dry)
    return {name: kept.messages for name, kept in channels.items() if kept.messages}


def stored(identity: str, state: State) -> list[Report]:
    """
    The parts of a Report that the hub received.

    Args:
        identity: The run's id or the beginning of it, the place of its record in a ledger, or what a Message calls its
            run: the correlation id.
        state: The hub's records.

    Raises:
        BadUsage: There is none, or there are several.
    """
    name, every = identity.rpartition("/")[2].removesuffix(".json"), sorted(state.list(notify.REPORTS), reverse=True)
    keys = [key for key in every if _run_of(key).startswith(name)] or _of_event(name, every, state)
    runs = sorted(set(map(_run_of, keys)))
    if len(runs) != 1:
        which = f": {', '.join(runs)}" if 1 < len(runs) <= NAMED else ""
        raise BadUsage(
            f"{len(runs)} received Reports have an id that begins with '{identity}'{which}.",
            do="give one run's id, as it stands in the log or the ledger, or what a message calls its run",
        )
    return [from_cloudevent(body) for body, _ in filter(None, map(state.get, keys))]


def _of_event(correlation: str, keys: Iterable[str], state: State) -> list[str]:
    """Where the Reports are that came of one Event: looked for in each day's, the newest first."""
    for _, of_day in groupby(keys, key=lambda key: key.rpartition("/")[0]):
        day = list(of_day)
        with ThreadPoolExecutor(READERS) as readers:
            read = zip(day, readers.map(state.get, day), strict=True)
            found = [key for key, kept in read if kept and from_cloudevent(kept[0]).correlation_id == correlation]
        if found:
            return found
    return []


def _run_of(key: str) -> str:
    """
    The run whose Report is kept there.

    >>> _run_of("reports/2026-11-29/8f1d2-1.json")
    '8f1d2'
    """
    return key.rpartition("/")[2].rpartition("-")[0]


def _at_once(route: Route) -> Route:
    return replace(
        route,
        group_wait=timedelta(0),
        mute_time_intervals=(),
        active_time_intervals=(),
        routes=tuple(_at_once(child) for child in route.routes),
    )


def _channels(route: Route) -> set[str]:
    return set(route.channels).union(*(_channels(child) for child in route.routes))
