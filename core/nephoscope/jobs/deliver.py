"""
From a group that is due to its Channels: claim, send, mark.

    fold     the group's record takes over what its streams have to tell; then the streams forget it
    claim    PENDING -> SENDING(owner, epoch + 1, lease) by compare-and-swap: one worker sends
    send     the Channel accepts, throttles or refuses
    mark     SENDING(epoch) -> SENT | PENDING(next_try) | DEAD; a late mark of an older epoch is refused
    done     the markers that led here are remembered as done

Sent at most 1 + crashes + ambiguous answers + early lease expiries times, and at least once if the Channel ever accepts.
A crash anywhere leaves a marker that is not done, so that the next sweep goes on from the record.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from nephoscope import records
from nephoscope.alerts import due, groups, streams
from nephoscope.alerts.due import Marker
from nephoscope.alerts.groups import Delivery, Group, Notification, Status
from nephoscope.alerts.messages import Message, message
from nephoscope.alerts.routes import Route, node_of
from nephoscope.alerts.streams import Stream, Transition
from nephoscope.errors import Permanent, Transient
from nephoscope.ports import Channel, Clock, State

WATERMARK = "sweep/due.json"
LOOK_BACK = timedelta(hours=2)  # markers may be written late by that much
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one try to tell a Channel."""

    channel: str
    message: Message
    status: Status
    error: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What telling people takes: the records, the routes, the Channels and the rules of delivery."""

    state: State
    clock: Clock
    route: Route
    channels: Mapping[str, Channel]
    send_resolved: Mapping[str, bool]
    lease: timedelta = timedelta(minutes=5)
    give_up_after: timedelta = timedelta(hours=24)
    most_tries: int = 20
    worker: str = field(default_factory=lambda: secrets.token_hex(4))


@dataclass(frozen=True, slots=True)
class _Watermark:
    at: datetime


def sweep(desk: Desk) -> list[Told]:
    """
    Tell everything that is due, whoever left it, and go on where the last sweep ended.

    Raises:
        Transient: A record could not be read or written; what was told is marked, the watermark stays.
    """
    now = desk.clock.now().astimezone(UTC)
    mark = records.read(desk.state, WATERMARK, _Watermark)
    since = mark.at if mark else now - LOOK_BACK
    markers = [
        marker
        for prefix in due.hours(since, now)
        for marker in map(due.read_marker, desk.state.list(prefix))
        if since <= marker.at <= now
    ]
    told = flush(markers, desk)
    reached = max(since, now - LOOK_BACK)
    if mark is None or reached - mark.at >= timedelta(minutes=1):
        records.change(desk.state, WATERMARK, _Watermark, lambda _: _Watermark(reached))
    return told


def flush(markers: Iterable[Marker], desk: Desk) -> list[Told]:
    """Tell what these markers point to and is due by now."""
    now = desk.clock.now()
    ripe = sorted((m for m in markers if m.at <= now), key=lambda m: (m.group, m.key))
    told: list[Told] = []
    for group, its in groupby(ripe, key=lambda m: m.group):
        told += _flush_group(group, list(its), desk, now)
    return told


def _flush_group(identity: str, markers: Sequence[Marker], desk: Desk, now: datetime) -> list[Told]:
    group = records.read(desk.state, _key(identity), Group)
    names = [marker.key for marker in markers]
    if group is not None and set(names) <= set(group.done):
        return []
    group = _fold(identity, markers, desk, now)
    if group is None:
        return []
    told = _send_all(group, desk)
    _done(identity, names, desk, now)
    return told


def _fold(identity: str, markers: Sequence[Marker], desk: Desk, now: datetime) -> Group | None:
    taken = {name: _changes(name, identity, desk.state) for name in {m.stream for m in markers if m.stream}}
    changes = [change for its in taken.values() for change in its]

    def to(group: Group | None) -> Group | None:
        labels = _labels(group, changes)
        if labels is None:
            return group
        route = node_of(desk.route, identity, labels)
        before = group or Group(identity, _group_labels(route, labels))
        after = groups.without_silent_resolved(groups.fold(before, changes, now=now))
        if route is not None and (at := groups.next_flush(after, route, now=now)) is not None and at <= now:
            after = groups.notify(after, {name: desk.send_resolved.get(name, True) for name in route.channels}, now=now)
        return after

    group = records.change(desk.state, _key(identity), Group, to)
    for name, its in taken.items():
        _hand_over(name, identity, frozenset(change.id for change in its), desk.state)
    return group


def _changes(stream: str, group: str, state: State) -> list[Transition]:
    found = records.read(state, f"streams/{stream}.json", Stream)
    return [] if found is None else [change for change in found.to_tell if group in change.groups]


def _hand_over(stream: str, group: str, taken: frozenset[str], state: State) -> None:
    if taken:
        records.change(
            state,
            f"streams/{stream}.json",
            Stream,
            lambda old: None if old is None else streams.hand_over(old, group, taken),
        )


def _labels(group: Group | None, changes: Sequence[Transition]) -> dict[str, str] | None:
    alerts = [change.alert for change in changes]
    alerts += [member.alert for member in group.members.values()] if group else []
    return alerts[0].all_labels if alerts else None


def _group_labels(route: Route | None, labels: Mapping[str, str]) -> dict[str, str]:
    by = route.group_by if route else ()
    return {name: labels[name] for name in by if labels.get(name)}


def _send_all(group: Group, desk: Desk) -> list[Told]:
    told = []
    waiting: set[str] = set()  # Channels whose earlier Notification has to wait: later ones keep their place
    for notification in group.open:
        for channel, delivery in notification.deliveries.items():
            if delivery.finished or channel in waiting:
                continue
            outcome = _send(group, notification, channel, desk)
            if outcome is not None:
                told.append(outcome)
            if outcome is None or outcome.status not in (Status.SENT, Status.DEAD):
                waiting.add(channel)
    return told


def _send(group: Group, notification: Notification, channel: str, desk: Desk) -> Told | None:
    claim = _claim(group.id, notification.id, channel, desk)
    if claim is None:
        return None
    text = message(notification, channel=channel, group=group.id, labels=group.labels, retry=claim.tries - 1)
    after = _try(text, channel, claim, desk)
    _mark(group.id, notification.id, channel, claim.epoch, after, desk)
    return Told(channel, text, after.status, after.error)


def _claim(group: str, notification: str, channel: str, desk: Desk) -> Delivery | None:
    """Become the one who sends; None where another worker is."""
    owner = f"{desk.worker}-{secrets.token_hex(4)}"
    now = desk.clock.now()

    def to(record: Group | None) -> Group | None:
        delivery = _delivery(record, notification, channel)
        if record is None or delivery is None or not delivery.due(now):
            return record
        claimed = replace(
            delivery,
            status=Status.SENDING,
            tries=delivery.tries + 1,
            epoch=delivery.epoch + 1,
            owner=owner,
            lease_until=now + desk.lease,
            first_try=delivery.first_try or now,
            next_try=None,
        )
        return groups.with_delivery(record, notification, channel, claimed)

    delivery = _delivery(records.change(desk.state, _key(group), Group, to), notification, channel)
    return delivery if delivery is not None and delivery.owner == owner else None


def _try(text: Message, channel: str, claim: Delivery, desk: Desk) -> Delivery:
    """Send once and say what the Delivery becomes."""
    try:
        if channel not in desk.channels:
            raise Permanent(f"The configuration has no channel '{channel}'.", do="name it under channels, or its route")
        desk.channels[channel].send(text)
    except Permanent as error:
        return replace(claim, status=Status.DEAD, done_at=desk.clock.now(), error=str(error))
    except Transient as error:
        return _later(claim, error, desk)
    return replace(claim, status=Status.SENT, done_at=desk.clock.now(), error="")


def _later(claim: Delivery, error: Transient, desk: Desk) -> Delivery:
    now = desk.clock.now()
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (claim.tries - 1))
    if error.retry_after_seconds is not None:
        wait = max(timedelta(seconds=error.retry_after_seconds), timedelta(seconds=1))
    too_late = claim.first_try is not None and now + wait - claim.first_try > desk.give_up_after
    if too_late or claim.tries >= desk.most_tries:
        return replace(claim, status=Status.DEAD, done_at=now, error=f"given up after {claim.tries} tries: {error}")
    return replace(claim, status=Status.PENDING, owner="", lease_until=None, next_try=now + wait, error=str(error))


def _mark(group: str, notification: str, channel: str, epoch: int, after: Delivery, desk: Desk) -> None:
    def to(record: Group | None) -> Group | None:
        delivery = _delivery(record, notification, channel)
        if record is None or delivery is None or delivery.epoch != epoch or delivery.status is not Status.SENDING:
            return record
        return groups.with_delivery(record, notification, channel, after)

    records.change(desk.state, _key(group), Group, to)


def _done(identity: str, names: Sequence[str], desk: Desk, now: datetime) -> None:
    """
    Remember that these markers need nothing more.

    What the group has to do later gets its own markers first. A group that somebody holds, or that changed meanwhile, is
    left to the next sweep.
    """
    seen = records.read(desk.state, _key(identity), Group)
    if seen is None:
        return
    for at in _later_times(seen, desk, now):
        desk.state.create(Marker(at, identity, "", "later").key, b"{}")
    if any(_in_hand(delivery, now) for n in seen.open for delivery in n.deliveries.values()):
        return
    oldest = now - LOOK_BACK * 2
    done = tuple(sorted(name for name in {*seen.done, *names} if due.read_marker(name).at > oldest))
    records.change(desk.state, _key(identity), Group, lambda g: replace(g, done=done) if g == seen else g)


def _later_times(group: Group, desk: Desk, now: datetime) -> set[datetime]:
    labels = _labels(group, ())
    route = node_of(desk.route, group.id, labels) if labels else None
    tries = {d.next_try for n in group.open for d in n.deliveries.values() if d.next_try is not None}
    flush_at = groups.next_flush(group, route, now=now) if route else None
    return tries | ({flush_at} if flush_at is not None and flush_at > now else set())


def _in_hand(delivery: Delivery, now: datetime) -> bool:
    return delivery.status is Status.SENDING or delivery.due(now)


def _delivery(group: Group | None, notification: str, channel: str) -> Delivery | None:
    if group is None:
        return None
    return next((n.deliveries.get(channel) for n in group.open if n.id == notification), None)


def _key(group: str) -> str:
    return f"groups/{group}.json"
