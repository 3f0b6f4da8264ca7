"""
Which Alerts go where: Alertmanager's route tree.

An Alert walks down from the root. At each node the first child whose matchers all hold takes it, and further children
only where that one says `continue`. A node none of whose children took it keeps it.

A group's identity is the chain of matchers that leads to its node, and the values of the labels it is grouped by; the
Channels are no part of it. So a Channel that is added to a route hears the group's next news, and nothing is told anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from nephoscope.alerts.matchers import Matcher
from nephoscope.events import stable_id

ALL_LABELS = ("...",)
CHANNEL_CHECK = "hub.channel"  # the Alert of a dead Channel, which is not told through that Channel


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the tree, with what it inherits already filled in."""

    channels: tuple[str, ...]
    group_by: tuple[str, ...] = ("about",)
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    routes: tuple[Route, ...] = ()
    path: str = "route"  # where it stands in the configuration, for people
    mute_time_intervals: tuple[str, ...] = ()  # nothing is told while one of these lasts
    active_time_intervals: tuple[str, ...] = ()  # where given, something is told only while one of these lasts

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether all its matchers hold."""
        return all(matcher.matches(labels) for matcher in self.matchers)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The group that an Alert belongs to under one route."""

    id: str
    route: Route
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A node that an Alert came to, and what the node said."""

    route: Route
    takes: bool
    why: str  # for people: the matchers that hold, or the first one that does not
    chain: str  # the matchers from the root to here
    keeps: bool  # whether the Alert stays at this node


def walk(root: Route, labels: Mapping[str, str]) -> list[Asked]:
    """
    Each node that an Alert comes to on its way, in the order of the configuration.

    >>> [(a.route.path, a.keeps) for a in walk(Route(channels=("ops",)), {"severity": "high"})]
    [('route', True)]
    """
    return list(_walk(root, labels, "", 0))


def _walk(route: Route, labels: Mapping[str, str], above: str, twin: int) -> Iterator[Asked]:
    chain = f"{above}/{{{','.join(sorted(map(str, route.matchers)))}}}{f'#{twin}' if twin else ''}"
    failed = next((matcher for matcher in route.matchers if not matcher.matches(labels)), None)
    if failed is not None:
        value = labels.get(failed.name)
        why = f"{failed} does not hold: {failed.name} is {json.dumps(value) if value else 'missing'}"
        yield Asked(route, False, why, chain, False)
        return
    children: list[Asked] = []
    for child, number in zip(route.routes, _twins(route.routes), strict=True):
        asked = list(_walk(child, labels, chain, number))
        children += asked
        if asked[0].takes and not child.continues:
            break
    why = ", ".join(map(str, route.matchers)) or "takes every Alert"
    yield Asked(route, True, why, chain, not any(each.takes for each in children))
    yield from children


def _twins(routes: tuple[Route, ...]) -> list[int]:
    """For each route, how many siblings before it have the same matchers."""
    seen: list[frozenset[Matcher]] = []
    numbers = []
    for route in routes:
        matchers = frozenset(route.matchers)
        numbers.append(seen.count(matchers))
        seen.append(matchers)
    return numbers


def group_keys(root: Route, labels: Mapping[str, str]) -> list[GroupKey]:
    """The groups of an Alert, one for each node that keeps it; the same for the same labels in any process."""
    return [_group_key(asked, labels) for asked in walk(root, labels) if asked.keeps]


def _group_key(asked: Asked, labels: Mapping[str, str]) -> GroupKey:
    # Severity and state change during an Alert's life; grouped by all labels, it must stay in its group all the same.
    all_labels = sorted(labels.keys() - {"state", "severity"})
    by = all_labels if asked.route.group_by == ALL_LABELS else sorted(asked.route.group_by)
    if labels.get("check") == CHANNEL_CHECK:  # a group of its own: others' news is for that Channel too
        by = sorted({*by, "check", "channel"})
    values = {name: labels[name] for name in by if labels.get(name)}
    identity = stable_id(asked.chain, json.dumps(values, sort_keys=True))
    return GroupKey(identity, asked.route, values)
