"""
Claim, send, mark: one Delivery after the other; while one Channel hangs, the others go on.

    claim    PENDING -> SENDING(owner, epoch + 1, lease) by compare-and-swap: one worker sends
    send     the Channel accepts, throttles or refuses
    mark     SENDING(epoch) -> SENT | PENDING(next_try) | DEAD; a late mark of an older epoch is refused

Sent at most 1 + crashes + ambiguous answers + early lease expiries times, and at least once if the Channel ever
accepts. A worker sends one Message at a time, so that its death leaves one in doubt. A Channel that asks to wait is
left alone until then, by every group; one that hangs loses its turn to the others (`turns.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nephoscope import records
from nephoscope.alerts import groups
from nephoscope.alerts.groups import Delivery, Group, Notification, Snapshot, Status, Why, snapshot_key
from nephoscope.alerts.messages import Message, message
from nephoscope.errors import Permanent, Transient
from nephoscope.jobs import dead_channel
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.fold import group_key
from nephoscope.jobs.turns import Turns

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=2)
MOST_DOUBLINGS = 8  # of the first wait: more than the longest one
LEAST_TRIES = 3  # however old a Message is: one hiccup is no dead Channel
PAUSE = timedelta(seconds=60)  # how long a Channel that failed without naming a wait is left alone by all groups


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one try to tell a Channel."""

    channel: str
    message: str  # the delivery's id
    status: Status
    error: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A Channel's record: it is left alone until a time."""

    until: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Errand:
    """One Notification of one group for one Channel."""

    group: Group
    notification: Notification
    channel: str


def send_all(of: Iterable[Group], desk: Desk) -> list[Told]:
    """
    Send whatever the groups have open and may be sent now.

    Returns:
        What became of each try.

    Raises:
        NephoscopeError: A record could not be read or written; the other Channels' errands were done all the same.
    """
    queues: dict[str, list[_Errand]] = {}
    for errand in sorted(_errands(of), key=_turn):
        queues.setdefault(errand.channel, []).append(errand)
    if not queues:
        return []
    turns = Turns()
    with ThreadPoolExecutor(len(queues)) as threads:
        running = [threads.submit(_serve, channel, queue, desk, turns) for channel, queue in queues.items()]
    return [told for each in running for told in each.result()]


def _errands(of: Iterable[Group]) -> list[_Errand]:
    return [
        _Errand(group, notification, channel)
        for group in of
        for notification in group.open
        for channel, delivery in notification.deliveries.items()
        if not delivery.finished
    ]


def _turn(errand: _Errand) -> tuple[datetime, bool]:
    """The oldest first; of the same age a notice, which says why the others come."""
    return errand.notification.at, errand.notification.why is not Why.NOTICE


def _serve(channel: str, queue: list[_Errand], desk: Desk, turns: Turns) -> list[Told]:
    """One Channel's errands in order; after the first that has to wait, its group's later ones keep their place."""
    if held_until(channel, desk) is not None:
        return []
    told: list[Told] = []
    waiting: set[str] = set()
    for errand in queue:
        if errand.group.id in waiting:
            continue
        with turns.one():
            outcome = _send(errand, desk)
        if outcome is not None:
            told.append(outcome)
        if outcome is None or outcome.status is Status.PENDING:
            waiting.add(errand.group.id)
        if outcome is not None and outcome.status is Status.PENDING and held_until(channel, desk) is not None:
            break  # the Channel asked to wait, or does not answer
    return told


def held_until(channel: str, desk: Desk) -> datetime | None:
    """Until when a Channel is left alone; None where it may be told now."""
    hold = records.read(desk.state, _hold_key(channel), Hold)
    return hold.until if hold is not None and hold.until > desk.clock.now() else None


def _send(errand: _Errand, desk: Desk) -> Told | None:
    claimed = _claim(errand, desk)
    if claimed is None:
        return None
    group, claim = claimed
    try:
        text = _message(replace(errand, group=group), claim, desk)
    except Exception as error:  # noqa: BLE001 - of this Message alone: the Channel is well, and so are the others
        after, identity = _later(errand, claim, _not_made(error), desk), errand.notification.id
    else:
        after, identity = _try(text, errand, claim, desk), text.id
    if after.status is Status.DEAD:
        dead_channel.dies(errand.channel, after.error, desk)
    _mark(errand, claim.epoch, after, desk)
    return Told(errand.channel, identity, after.status, after.error)


def _not_made(error: Exception) -> Transient:
    """What kept a Message from being made; the words of an error that is none of ours may hold data."""
    if isinstance(error, Transient):
        return error
    return Transient(f"The message could not be made: {type(error).__name__}.", do="look at what it would say")


def _message(errand: _Errand, claim: Delivery, desk: Desk) -> Message:
    snapshot = records.read(desk.state, snapshot_key(errand.notification.at, errand.notification.id), Snapshot)
    if snapshot is None:
        raise Transient(f"The record of notification {errand.notification.id} is not there yet.")
    return message(
        snapshot,
        channel=errand.channel,
        group=errand.group.id,
        stores=desk.stores,
        runbook=desk.runbook,
        retry=claim.tries - 1,
        thread=errand.group.receipts.get(errand.channel, ""),
        instead_of=claim.instead_of,
    )


def _claim(errand: _Errand, desk: Desk) -> tuple[Group, Delivery] | None:
    """Become the one who sends; None where another worker is, or may be."""
    owner = f"{desk.worker}-{secrets.token_hex(4)}"
    now = desk.clock.now()

    def to(record: Group | None) -> Group | None:
        delivery = _delivery(record, errand)
        if record is None or delivery is None or not delivery.due(now):
            return record
        if delivery.status is Status.SENDING and delivery.doubted_at is None:
            changed = replace(delivery, doubted_at=now)
        else:
            changed = _claimed(delivery, owner, now, desk.lease)
        return groups.with_delivery(record, errand.notification.id, errand.channel, changed)

    record = records.change(desk.state, group_key(errand.group.id), Group, to)
    delivery = _delivery(record, errand)
    return (record, delivery) if record and delivery is not None and delivery.owner == owner else None


def _claimed(delivery: Delivery, owner: str, now: datetime, lease: timedelta) -> Delivery:
    return replace(
        delivery,
        status=Status.SENDING,
        tries=delivery.tries + 1,
        epoch=delivery.epoch + 1,
        owner=owner,
        lease_until=now + lease,
        doubted_at=None,
        first_try=delivery.first_try or now,
        next_try=None,
    )


def _try(text: Message, errand: _Errand, claim: Delivery, desk: Desk) -> Delivery:
    """Send once and say what the Delivery becomes; whatever a Channel raises costs this Delivery a try."""
    channel = errand.channel
    try:
        if channel not in desk.channels:
            raise Permanent(f"The configuration has no channel '{channel}'.", do="name it under channels, or its route")
        receipt = desk.channels[channel].send(text)
    except Permanent as error:
        return replace(claim, status=Status.DEAD, done_at=desk.clock.now(), error=str(error))
    except Transient as error:
        return _held(errand, claim, error, desk)
    except Exception as error:  # noqa: BLE001 - a mistake of a Channel's own; what it says may hold a secret
        return _held(errand, claim, Transient(f"The channel failed with {type(error).__name__}."), desk)
    return replace(claim, status=Status.SENT, done_at=desk.clock.now(), error="", receipt=receipt)


def _held(errand: _Errand, claim: Delivery, error: Transient, desk: Desk) -> Delivery:
    """Leave the Channel alone for a while, by every group."""
    wait = _wait(claim, error)
    until = desk.clock.now() + (wait if error.retry_after_seconds is not None else min(wait, PAUSE))
    _hold(errand.channel, Hold(until, str(error)), desk)
    return _later(errand, claim, error, desk)


def _wait(claim: Delivery, error: Transient) -> timedelta:
    """As long as was asked for, two hours at most: nobody is left untold for years by one header."""
    if error.retry_after_seconds is None:
        return min(LONGEST_WAIT, FIRST_WAIT * float(2 ** min(claim.tries - 1, MOST_DOUBLINGS)))
    return timedelta(seconds=max(1.0, min(error.retry_after_seconds, LONGEST_WAIT.total_seconds())))


def _later(errand: _Errand, claim: Delivery, error: Transient, desk: Desk) -> Delivery:
    now, wait = desk.clock.now(), _wait(claim, error)
    # By the Message's own age: what waited behind others for a Channel that does not answer waits no day more. Whoever
    # stands in has a day of its own.
    since = (claim.first_try or now) if claim.instead_of else errand.notification.at
    too_late = now + wait - since > desk.give_up_after and claim.tries >= LEAST_TRIES
    if too_late or claim.tries >= desk.most_tries:
        return replace(claim, status=Status.DEAD, done_at=now, error=f"given up after {claim.tries} tries: {error}")
    return replace(claim, status=Status.PENDING, owner="", lease_until=None, next_try=now + wait, error=str(error))


def _hold(channel: str, hold: Hold, desk: Desk) -> None:
    def to(old: Hold | None) -> Hold:
        return hold if old is None or old.until < hold.until else old

    records.change(desk.state, _hold_key(channel), Hold, to)


def _mark(errand: _Errand, epoch: int, after: Delivery, desk: Desk) -> None:
    def to(record: Group | None) -> Group | None:
        delivery = _delivery(record, errand)
        if record is None or delivery is None or delivery.epoch != epoch or delivery.status is not Status.SENDING:
            return record
        stand_ins = desk.stand_ins_for(errand.notification.why)
        return groups.with_delivery(record, errand.notification.id, errand.channel, after, stand_ins=stand_ins)

    records.change(desk.state, group_key(errand.group.id), Group, to)


def _delivery(group: Group | None, errand: _Errand) -> Delivery | None:
    open_ones: Mapping[str, Notification] = {n.id: n for n in group.open} if group else {}
    notification = open_ones.get(errand.notification.id)
    return notification.deliveries.get(errand.channel) if notification else None


def _hold_key(channel: str) -> str:
    return f"channels/{channel}.json"
