"""A Report rendered and routed again, dry: what people would be told if it came now and nothing were known before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from nephoscope.alerts.messages import Message
from nephoscope.alerts.routes import Route
from nephoscope.errors import BadUsage
from nephoscope.jobs import deliver, notify
from nephoscope.jobs.desk import Desk
from nephoscope.ports import State
from nephoscope.report import Report, from_cloudevent


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
        identity: The run's id, or the beginning of it.
        state: The hub's records.

    Raises:
        BadUsage: There is none, or there are several.
    """
    keys = [key for key in state.list(notify.REPORTS) if key.rpartition("/")[2].startswith(identity)]
    runs = {key.rpartition("-")[0] for key in keys}
    if len(runs) != 1:
        raise BadUsage(
            f"{len(runs)} received Reports have an id that begins with '{identity}'.",
            do="give one run's id, as it stands in a message, the log or the ledger",
        )
    return [from_cloudevent(body) for body, _ in filter(None, map(state.get, keys))]


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
