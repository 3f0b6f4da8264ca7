"""
Which Alerts go where: Alertmanager's route tree.

An Alert walks down from the root. At each node the first child whose matchers all hold takes it, and further children only
where that one says `continue`. A node none of whose children took it keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from nephoscope.alerts.matchers import Matcher
from nephoscope.events import stable_id


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the tree, with what it inherits already filled in."""

    channels: tuple[str, ...]
    group_by: tuple[str, ...] = ("model", "dataset")
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    routes: tuple[Route, ...] = ()
    path: str = "route"  # where it stands in the configuration, for people

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether all its matchers hold."""
        return all(matcher.matches(labels) for matcher in self.matchers)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The group that an Alert belongs to under one route."""

    id: str
    route: Route
    labels: Mapping[str, str]


def matching(route: Route, labels: Mapping[str, str]) -> list[Route]:
    """
    The nodes that keep an Alert, in the order of the configuration; the root keeps what nobody took.

    >>> [r.path for r in matching(Route(channels=("ops",)), {"severity": "high"})]
    ['route']
    """
    if not route.takes(labels):
        return []
    kept: list[Route] = []
    for child in route.routes:
        taken = matching(child, labels)
        kept += taken
        if taken and not child.continues:
            break
    return kept or [route]


def group_keys(root: Route, labels: Mapping[str, str]) -> list[GroupKey]:
    """The groups of an Alert, one for each node that keeps it; the same for the same labels in any process."""
    return [_group_key(node, labels) for node in matching(root, labels)]


def _group_key(route: Route, labels: Mapping[str, str]) -> GroupKey:
    by = tuple(sorted(labels)) if route.group_by == ("...",) else route.group_by
    values = {name: labels.get(name, "") for name in by}
    identity = [str(m) for m in route.matchers], sorted(route.channels), sorted(values.items())
    return GroupKey(stable_id(repr(identity)), route, {k: v for k, v in values.items() if v})


def node_of(root: Route, group: str, labels: Mapping[str, str]) -> Route | None:
    """The node under which labels form this group, or None where the configuration has no such group any more."""
    return next((key.route for key in group_keys(root, labels) if key.id == group), None)
