"""The hub's desk, from a configuration; the same in every cloud that may be the hub."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import msgspec

from nephoscope import settings as configuration
from nephoscope.alerts.routes import Route
from nephoscope.errors import BadSettings
from nephoscope.jobs.desk import Desk
from nephoscope.ports import Channel, Clock, State
from nephoscope.settings import Settings
from nephoscope.settings.channels import Webhook
from nephoscope.settings.runbooks import runbook
from nephoscope.settings.watched import expected, watches

NOBODY: Mapping[str, Channel] = MappingProxyType({})


def route(settings: Settings) -> Route:
    """
    The route tree.

    Raises:
        BadSettings: The configuration has none.
    """
    if settings.route is msgspec.UNSET:
        raise BadSettings("The configuration has no route.", do="say under route which channels are told")
    return settings.route.tree()


def desk(settings: Settings, state: State, clock: Clock, channels: Mapping[str, Channel] = NOBODY) -> Desk:
    """What the hub tells people with; without channels a desk that reads and writes records, and tells nobody."""
    delivery = settings.delivery
    return Desk(
        state,
        clock,
        route(settings),
        channels,
        {name: channel.send_resolved for name, channel in settings.channels.items()},
        machines=frozenset(name for name, channel in settings.channels.items() if isinstance(channel, Webhook)),
        fallback=delivery.fallback,
        lease=configuration.duration(delivery.lease),
        give_up_after=configuration.duration(delivery.give_up_after),
        most_tries=delivery.tries,
        inhibit_rules=tuple(written.rule() for written in settings.inhibit_rules),
        time_intervals={name: tuple(one.interval() for one in its) for name, its in settings.time_intervals.items()},
        silences=tuple(written.silence() for written in settings.silences),
        runbook=partial(runbook, settings),
        stores=dict(settings.stores.items()),
        watches=partial(watches, settings),
        expected=partial(expected, settings),
        cloud=settings.hub,
        settings_hash=settings.hash,
    )


def records_desk(settings: Settings, clock: Clock) -> Desk:
    """The desk of the hub that a configuration names, asked from this machine with whatever rights its user has."""
    return desk(settings, records_at(settings.state), clock)


def records_at(url: str) -> State:
    """The hub's records, in whichever cloud they are, as whoever is signed in on this machine reads them."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        from nephoscope.adapters.local.state import SqliteState

        return SqliteState(Path(url.removeprefix("sqlite:")))
    from nephoscope.wiring.people import CLOUDS, STORE_OF

    return CLOUDS[STORE_OF[scheme]]().state(url)
