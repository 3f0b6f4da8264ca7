"""
A group looks at its Alerts: who joined, what is held back, whether something is to be told now.

The group's record is written first; only then do the streams forget what it took over. Between the two a crash
repeats the look, and a look that finds nothing new tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from nephoscope import records
from nephoscope.alerts import groups, streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.groups import Group, Seen, Snapshot
from nephoscope.alerts.inhibition import inhibitor
from nephoscope.alerts.intervals import muted_until
from nephoscope.alerts.life import Alert
from nephoscope.alerts.routes import CHANNEL_CHECK, GroupKey, Route, group_keys
from nephoscope.alerts.silences import Silence, covering
from nephoscope.alerts.streams import Stream, stream_key
from nephoscope.jobs.desk import Desk

SOON = timedelta(milliseconds=1)  # a marker for what is due already must not have the name of one that is done
INHIBITION_LOOK = timedelta(minutes=1)  # how often it is looked whether an inhibiting Alert still fires


@dataclass(frozen=True)
class Round:
    """What one round of looks has in common, read when first needed."""

    desk: Desk
    now: datetime

    @cached_property
    def silences(self) -> list[Silence]:
        """Every silence that is on record."""
        return self.desk.all_silences()

    @cached_property
    def firing(self) -> list[Alert]:
        """Every Alert that may inhibit another one."""
        if not self.desk.inhibit_rules:
            return []
        each = self.desk.each_stream(readable=True)
        return [alert for stream in each for alert in stream.alerts.values() if alert.open]


@dataclass(frozen=True, slots=True)
class Look:
    """What came of one look: the group as it stands, and when to look again."""

    group: Group
    again_at: frozenset[datetime] = frozenset()


@dataclass(slots=True)
class _Findings:
    """What a look found out about the group's members."""

    seen: dict[str, Seen] = field(default_factory=dict)
    keys: list[GroupKey] = field(default_factory=list)  # this group's own, as its members' labels lead to it
    new_homes: set[str] = field(default_factory=set)  # the Channels that members which moved are told through now
    again_at: set[datetime] = field(default_factory=set)


def look(identity: str, markers: Sequence[Marker], in_round: Round) -> Look | None:
    """
    Let a group look at its Alerts, and speak if it is due.

    Args:
        identity: The group.
        markers: Those that led here; they name the streams with something new.
        in_round: What this round has in common.

    Returns:
        The look; None for a group that nobody has anything to say of.
    """
    desk, now = in_round.desk, in_round.now
    named = {marker.stream for marker in markers if marker.stream}
    again_at: set[datetime] = set()
    handed: dict[str, frozenset[str]] = {}

    def to(group: Group | None) -> Group | None:
        known = group or Group(identity)
        its = desk.streams(named | {member.stream for member in known.members.values()})
        handed.update({name: _waiting(stream, identity) for name, stream in its.items()})
        known = groups.joined(known, _references(its, handed))
        found = _seen(known, its, in_round)
        after = groups.tidied(known, found.seen)
        again_at.clear()
        if after.members:
            after = _spoken(after, found, its, in_round)
        again_at.update(found.again_at)
        return group if after == (group or Group(identity)) else after

    group = records.change(desk.state, group_key(identity), Group, to)
    for name, taken in handed.items():
        # What came meanwhile may have a marker's name that is done with this look.
        again_at |= {max(at, now + SOON) for at in _hand_over(name, identity, taken, desk)}
    return None if group is None else Look(group, frozenset(at for at in again_at if at > now))


def _waiting(stream: Stream, group: str) -> frozenset[str]:
    return frozenset(change.id for change in stream.to_tell if group in change.groups)


def _references(its: Mapping[str, Stream], handed: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    return [
        (name, change.fingerprint)
        for name, stream in its.items()
        for change in stream.to_tell
        if change.id in handed[name]
    ]


def _seen(group: Group, its: Mapping[str, Stream], in_round: Round) -> _Findings:
    """The members' Alerts as they are now, and what keeps each from being told."""
    found = _Findings()
    for name, member in group.members.items():
        alert = its[member.stream].alerts.get(member.fingerprint) if member.stream in its else None
        if alert is not None:
            held_by, again_at = _held(alert, in_round)
            found.seen[name] = Seen(alert, held_by, _moved(alert, group.id, found, in_round.desk.route))
            found.again_at |= {again_at} if again_at else set()
    return found


def _moved(alert: Alert, group: str, found: _Findings, root: Route) -> str:
    """The routes that an Alert belongs to now, where this group is none of theirs."""
    if not alert.open:
        return ""
    keys = group_keys(root, alert.all_labels)
    own = [key for key in keys if key.id == group]
    found.keys += own
    if own:
        return ""
    found.new_homes |= {channel for key in keys for channel in key.route.channels}
    return ", ".join(key.route.path for key in keys)


def _held(alert: Alert, in_round: Round) -> tuple[str, datetime | None]:
    """What keeps an Alert from being told, and when to look again."""
    labels = alert.all_labels
    silence = covering(in_round.silences, labels, now=in_round.now)
    if silence is not None:
        return f"silence {silence.id}", silence.ends
    source = inhibitor(alert, in_round.desk.inhibit_rules, in_round.firing) if in_round.firing else None
    if source is not None:
        return f"inhibited by {source.check} of {source.subject}", in_round.now + INHIBITION_LOOK
    return "", None


def _spoken(group: Group, found: _Findings, its: Mapping[str, Stream], in_round: Round) -> Group:
    """The group after it spoke, if it is due; else as it is, with the time to look again noted."""
    desk, now = in_round.desk, in_round.now
    route = _route(group, found, desk)
    due_at = groups.next_look(group, found.seen, route, now=now)
    if due_at is None:
        return group
    if due_at > now:
        found.again_at.add(due_at)
        return group
    if (until := _muted_until(route, desk, now)) is not None:
        found.again_at.add(until)
        return group
    labelled = replace(group, labels=found.keys[0].labels) if found.keys else group
    channels = _channels(groups.news(group, found.seen), found, route, desk)
    told, snapshot = groups.notify(labelled, found.seen, route, channels, due_at=due_at, now=now)
    if len(told.open) > len(group.open):
        _write(replace(snapshot, recent=_recent(snapshot, its)), desk)
    if (next_at := groups.next_look(told, found.seen, route, now=now)) is not None:
        found.again_at.add(next_at)
    return told


def _route(group: Group, found: _Findings, desk: Desk) -> Route:
    """The group's node; where the configuration has none any more, the root's rules with the Channels told before."""
    if found.keys:
        return found.keys[0].route
    alert = next(iter(found.seen.values())).alert
    own = next((key.route for key in group_keys(desk.route, alert.all_labels) if key.id == group.id), None)
    return own or replace(desk.route, channels=tuple(name for name in group.channels if name in desk.channels))


def _channels(news: frozenset[str], found: _Findings, route: Route, desk: Desk) -> dict[str, bool]:
    """Whom to tell: no Channel that it is dead, and nobody twice that a moved Alert is told to by its new route."""
    new = [found.seen[name] for name in news]
    about = {each.alert.labels.get("channel", ""): each.alert for each in new if each.alert.check == CHANNEL_CHECK}
    dead = {name for name, alert in about.items() if alert.open}
    told_there = found.new_homes if new and all(each.moved_to for each in new) else set()
    takers = [name for name in route.channels if name not in dead | told_there]
    if about and about.keys() >= set(takers):  # nobody else is on this route
        takers += [name for name in desk.stand_ins if name not in about][:1]
    return {name: desk.send_resolved.get(name, True) for name in takers}


def _muted_until(route: Route, desk: Desk, now: datetime) -> datetime | None:
    mute, active = route.mute_time_intervals, route.active_time_intervals
    return muted_until(mute, active, desk.time_intervals, now=now) if mute or active else None


def _recent(snapshot: Snapshot, its: Mapping[str, Stream]) -> dict[str, tuple[float, ...]]:
    shown = {alert.fingerprint for alert in snapshot.alerts}
    return {
        k: values for stream in its.values() for k, values in stream.recent.items() if k in shown and len(values) > 1
    }


def _write(snapshot: Snapshot, desk: Desk) -> None:
    desk.state.create(snapshot.key, records.encode(snapshot))


def _hand_over(stream: str, group: str, taken: frozenset[str], desk: Desk) -> list[datetime]:
    """Have a stream forget what its group took over; returns when what it has left for the group is to be told."""
    if not taken:
        return []
    left = records.change(
        desk.state,
        stream_key(stream),
        Stream,
        lambda old: None if old is None else streams.hand_over(old, group, taken),
    )
    return [] if left is None else [change.groups[group] for change in left.to_tell if group in change.groups]


def group_key(identity: str) -> str:
    """Where a group's record lies."""
    return f"groups/{identity}.json"
