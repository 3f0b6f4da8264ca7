"""
What the hub has told of one group of Alerts, and what it still has to tell; pure.

The group remembers of each member only what people were told; the Alerts themselves are read from their streams
whenever the group looks, so that what is told is what is known then. When something is new, the group makes a
Notification: a snapshot of all its open Alerts and of those that just resolved, with one Delivery for each Channel.
Reasons are Alertmanager's: first, new members, severity up, resolved (only if firing was told) and repeat; and
unknown, for an Alert that cannot be seen, and moved, for one that is told by another route now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nephoscope.alerts.life import Alert, Phase, worse
from nephoscope.alerts.routes import Route
from nephoscope.events import stable_id
from nephoscope.findings import Severity

CLOSED_KEPT = 20  # finished Notifications that a group remembers
DOUBT = timedelta(seconds=60)  # two timeouts of the slowest Channel, and some more


class Status(StrEnum):
    """Where a Delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


class Why(StrEnum):
    """Why a Message is told; of several reasons the first of these."""

    FIRING = "firing"
    UNKNOWN = "unknown"
    RESOLVED = "resolved"
    MOVED = "moved"
    REPEAT = "repeat"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One Notification on its way to one Channel."""

    status: Status = Status.PENDING
    tries: int = 0
    epoch: int = 0  # grows with each claim: a late mark of an older one is refused
    owner: str = ""
    lease_until: datetime | None = None
    doubted_at: datetime | None = None  # when somebody first found the lease to be over
    next_try: datetime | None = None
    first_try: datetime | None = None
    done_at: datetime | None = None
    error: str = ""
    receipt: str = ""  # what the Channel calls the Message, where it can be edited
    instead_of: str = ""  # the dead Channel that this one stands in for

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.status in (Status.SENT, Status.DEAD)

    def waits_until(self) -> datetime | None:
        """When somebody may next do something about it; None for what may be done at any time, or never."""
        if self.status is Status.PENDING:
            return self.next_try
        if self.status is Status.SENDING:
            return self.lease_until if self.doubted_at is None else self.doubted_at + DOUBT
        return None

    def due(self, now: datetime) -> bool:
        """
        Whether somebody may do something about it now: it was never tried, its wait is over, or its owner seems dead.

        A lease that is over by one machine's clock is doubted first, and taken over a while later by that same clock:
        so a clock that is wrong by any constant steals nothing from an owner that lives.
        """
        until = self.waits_until()
        return not self.finished and (until is None or until <= now)


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to tell, the same to every Channel; what it says is its own record, `told/<day>/<id>.json`."""

    id: str
    at: datetime
    why: Why
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether every Channel has it, or will never have it."""
        return all(delivery.finished for delivery in self.deliveries.values())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a Notification says: Alerts as they were when it was made, or a notice in words."""

    id: str
    at: datetime
    why: Why
    labels: Mapping[str, str] = field(default_factory=dict)  # the group's
    alerts: tuple[Alert, ...] = ()  # those that are open, and those that resolved or moved with this
    news: tuple[str, ...] = ()  # the fingerprints that it is about
    moved: Mapping[str, str] = field(default_factory=dict)  # fingerprint → the route that tells it now
    recent: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # fingerprint → newest values
    held_back: int = 0  # open Alerts that are silenced or inhibited
    title: str = ""  # of a notice
    lines: tuple[str, ...] = ()  # of a notice

    @property
    def key(self) -> str:
        """Where it lies."""
        return snapshot_key(self.at, self.id)


def snapshot_key(at: datetime, identity: str) -> str:
    """Where the record of what a Notification says lies."""
    return f"told/{at:%Y-%m-%d}/{identity}.json"


@dataclass(frozen=True, slots=True)
class Member:
    """What was told of one Alert of the group, and where the Alert is kept."""

    stream: str
    fingerprint: str
    told: Phase | None = None
    told_severity: Severity | None = None
    told_blind: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The hub's record of one group."""

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Member] = field(default_factory=dict)
    open: tuple[Notification, ...] = ()
    closed: tuple[Notification, ...] = ()
    told_at: datetime | None = None  # when the newest Notification was due
    channels: tuple[str, ...] = ()  # those of the newest Notification
    receipts: Mapping[str, str] = field(default_factory=dict)  # by Channel: the first Message of this episode


@dataclass(frozen=True, slots=True)
class Seen:
    """A member's Alert as its stream has it now, and what keeps the group from telling it."""

    alert: Alert
    held_by: str = ""  # "silence 3f…", "inhibited by …"
    moved_to: str = ""  # the routes that it belongs to instead


def reference(stream: str, fingerprint: str) -> str:
    """What a group calls a member; two streams may speak of one subject, and neither resolves the other's Alert."""
    return f"{stream}/{fingerprint}"


def joined(group: Group, references: Iterable[tuple[str, str]]) -> Group:
    """The group with these (stream, fingerprint) among its members."""
    new = {reference(stream, identity): Member(stream, identity) for stream, identity in references}
    new = {name: member for name, member in new.items() if name not in group.members}
    return replace(group, members={**group.members, **new}) if new else group


def news(group: Group, seen: Mapping[str, Seen]) -> frozenset[str]:
    """The members of which there is something to tell."""
    return frozenset(
        name
        for name, member in group.members.items()
        if (found := seen.get(name)) is not None and not found.held_by and _untold(member, found)
    )


def next_look(group: Group, seen: Mapping[str, Seen], route: Route, *, now: datetime) -> datetime | None:
    """
    When the group may speak: now or earlier when something is new and its interval is over, later when it has to wait,
    None when it has nothing to say.
    """
    if news(group, seen):
        return now if group.told_at is None else group.told_at + route.group_interval
    still_told = any(
        member.told is not None and (found := seen.get(name)) is not None and found.alert.open and not found.held_by
        for name, member in group.members.items()
    )
    if group.told_at is not None and still_told:
        return group.told_at + max(route.repeat_interval, route.group_interval)
    return None


def notify(
    group: Group,
    seen: Mapping[str, Seen],
    route: Route,
    channels: Mapping[str, bool],
    *,
    due_at: datetime,
    now: datetime,
) -> tuple[Group, Snapshot]:
    """
    Make the Notification that is due.

    Args:
        group: A group whose `next_look` is not later than `now`.
        seen: Its members as they are now.
        route: The node it belongs to.
        channels: The Channels to tell, and whether each wants to hear of what resolved.
        due_at: When it was due.
        now: The hub's time.

    Returns:
        The group with one more open Notification (none, where no Channel wants it) and its members marked as told, and
        what the Notification says.
    """
    new = news(group, seen)
    shown = [
        found.alert
        for name, member in group.members.items()
        if (found := seen.get(name)) is not None
        and not found.held_by
        and (found.alert.open or name in new)
        and (not found.moved_to or name in new)
    ]
    shown.sort(key=lambda a: (a.state, a.check, a.subject))
    why = _why([(group.members[name], seen[name]) for name in new])
    facts = (f"{a.fingerprint} {a.since.isoformat()} {a.state} {a.severity} {bool(a.blind)}" for a in shown)
    snapshot = Snapshot(
        id=stable_id(group.id, why, now.isoformat(), *sorted(facts))[:16],
        at=now,
        why=why,
        labels=group.labels,
        alerts=tuple(replace(alert, life=()) for alert in shown),
        news=tuple(sorted(group.members[name].fingerprint for name in new)),
        moved={group.members[name].fingerprint: seen[name].moved_to for name in new if seen[name].moved_to},
        held_back=sum(bool(found.held_by) and found.alert.open for found in seen.values()),
    )
    wanting = [
        name for name, send_resolved in channels.items() if send_resolved or why not in (Why.RESOLVED, Why.MOVED)
    ]
    notification = Notification(snapshot.id, now, why, {name: Delivery() for name in wanting})
    # A repeat keeps the beat: a sweep that comes some seconds late does not move those that follow.
    on_time = why is Why.REPEAT and now - due_at < route.repeat_interval
    told = replace(
        group,
        members=_told(group, seen),
        told_at=due_at if on_time else now,
        open=(*group.open, notification) if wanting else group.open,
        channels=tuple(channels),
    )
    return told, snapshot


def _told(group: Group, seen: Mapping[str, Seen]) -> dict[str, Member]:
    """The members after a Notification: those that are open, marked as told; those that are held back as they were."""
    members = {}
    for name, member in group.members.items():
        found = seen.get(name)
        if found is None or (found.moved_to and not found.held_by):
            continue
        alert = found.alert
        if found.held_by or alert.state is Phase.PENDING:
            members[name] = member
        elif alert.open:
            members[name] = replace(
                member, told=alert.state, told_severity=alert.severity, told_blind=bool(alert.blind)
            )
    return members


def _untold(member: Member, found: Seen) -> bool:
    alert = found.alert
    if found.moved_to or alert.state is Phase.RESOLVED:
        return member.told is not None
    if not alert.open:
        return False
    severer = member.told_severity is not None and worse(alert.severity, member.told_severity)
    return member.told is not alert.state or severer or (bool(alert.blind) and not member.told_blind)


def _why(new: list[tuple[Member, Seen]]) -> Why:
    if not new:
        return Why.REPEAT
    reasons = {_reason(member, found) for member, found in new}
    return next(why for why in (Why.FIRING, Why.UNKNOWN, Why.RESOLVED, Why.MOVED) if why in reasons)


def _reason(member: Member, found: Seen) -> Why:
    if found.alert.state is Phase.RESOLVED:
        return Why.RESOLVED
    if found.moved_to:
        return Why.MOVED
    newly_blind = member.told is Phase.FIRING and bool(found.alert.blind) and not member.told_blind
    return Why.UNKNOWN if newly_blind else Why(found.alert.state)


def tidied(group: Group, seen: Mapping[str, Seen]) -> Group:
    """Forget members that nobody was told of and nobody needs to be: resolved, moved or gone."""
    members = {
        name: member
        for name, member in group.members.items()
        if (found := seen.get(name)) is not None
        and (member.told is not None or (found.alert.state is not Phase.RESOLVED and not found.moved_to))
    }
    return group if members.keys() == group.members.keys() else replace(group, members=members)


def with_delivery(
    group: Group, notification: str, channel: str, delivery: Delivery, *, stand_ins: Iterable[str] = ()
) -> Group:
    """
    The group with one Delivery replaced; a Notification whose last one finished is closed.

    A Delivery that is dead is taken over by the first of `stand_ins` that does not have the Notification already.
    """
    changed = []
    for n in group.open:
        if n.id == notification:
            deliveries = {**n.deliveries, channel: delivery}
            stand_in = next((name for name in stand_ins if name not in deliveries), None)
            if delivery.status is Status.DEAD and stand_in is not None:
                deliveries[stand_in] = Delivery(instead_of=delivery.instead_of or channel)
            n = replace(n, deliveries=deliveries)
        changed.append(n)
    receipts = group.receipts
    if delivery.status is Status.SENT and delivery.receipt:
        receipts = {**receipts, channel: receipts.get(channel) or delivery.receipt}
    if not group.members and all(n.finished for n in changed):
        receipts = {}  # the episode is over: what comes next begins a new thread
    return replace(
        group,
        open=tuple(n for n in changed if not n.finished),
        closed=(*group.closed, *(n for n in changed if n.finished))[-CLOSED_KEPT:],
        receipts=receipts,
    )
