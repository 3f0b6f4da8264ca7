"""
What the hub has told of one group of Alerts, and what it still has to tell; pure.

A change of an Alert is *folded* into its group. When something is new, the group makes a Notification: a snapshot of all
its open Alerts and of those that just resolved, with one Delivery for each Channel. Reasons are Alertmanager's: first, new
members, severity up, resolved (only if firing was told), repeat, and unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nephoscope.alerts.life import Alert, Phase, worse
from nephoscope.alerts.routes import Route
from nephoscope.alerts.streams import Transition
from nephoscope.events import stable_id
from nephoscope.findings import Severity

CLOSED_KEPT = 50  # finished Notifications that a group remembers
FOLDED_KEPT = timedelta(days=8)  # longer than any redelivery


class Status(StrEnum):
    """Where a Delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One Notification on its way to one Channel."""

    status: Status = Status.PENDING
    tries: int = 0
    epoch: int = 0  # grows with each claim: a late mark of an older one is refused
    owner: str = ""
    lease_until: datetime | None = None
    next_try: datetime | None = None
    first_try: datetime | None = None
    done_at: datetime | None = None
    error: str = ""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.status in (Status.SENT, Status.DEAD)

    def due(self, now: datetime) -> bool:
        """Whether somebody may claim it now: never tried, its wait is over, or its owner's lease ran out."""
        if self.status is Status.PENDING:
            return self.next_try is None or self.next_try <= now
        return self.status is Status.SENDING and self.lease_until is not None and self.lease_until <= now


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to tell, the same to every Channel."""

    id: str
    at: datetime
    why: str  # "firing", "resolved", "unknown" or "repeat"
    alerts: tuple[Alert, ...]  # those that are open, and those that resolved with this
    news: tuple[str, ...]  # the fingerprints that it is about
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether every Channel has it, or will never have it."""
        return all(delivery.finished for delivery in self.deliveries.values())


@dataclass(frozen=True, slots=True)
class Member:
    """An Alert of the group and what was told of it."""

    alert: Alert
    told: Phase | None = None
    told_severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The hub's record of one group."""

    id: str
    labels: Mapping[str, str]
    members: Mapping[str, Member] = field(default_factory=dict)
    open: tuple[Notification, ...] = ()
    closed: tuple[Notification, ...] = ()
    folded: Mapping[str, datetime] = field(default_factory=dict)  # changes taken over, and when
    told_at: datetime | None = None  # when the newest Notification was made
    done: tuple[str, ...] = ()  # the newest due markers that need nothing any more


def fold(group: Group, changes: Iterable[Transition], *, now: datetime) -> Group:
    """Take over changes, each once; of two changes of one Alert the later one stands."""
    members = dict(group.members)
    folded = {k: at for k, at in group.folded.items() if now - at < FOLDED_KEPT}
    for change in sorted(changes, key=lambda c: (c.at, c.id)):
        if change.id in folded:
            continue
        folded[change.id] = now
        member = members.get(change.alert.fingerprint)
        if member is None:
            members[change.alert.fingerprint] = Member(change.alert)
        elif change.at >= member.alert.since:
            members[change.alert.fingerprint] = replace(member, alert=change.alert)
    if members == group.members and folded == group.folded:
        return group
    return replace(group, members=members, folded=folded)


def next_flush(group: Group, route: Route, *, now: datetime) -> datetime | None:
    """
    When the group may speak: now or earlier when something is new and its interval is over, later when it has to wait,
    None when it has nothing to say.
    """
    if _news(group):
        return now if group.told_at is None else group.told_at + route.group_interval
    if group.told_at is not None and any(member.alert.open for member in group.members.values()):
        return group.told_at + max(route.repeat_interval, route.group_interval)
    return None


def notify(group: Group, channels: Mapping[str, bool], *, now: datetime) -> Group:
    """
    Make the Notification that is due.

    Args:
        group: A group whose `next_flush` is not later than `now`.
        channels: The route's Channels, and whether each wants to hear of what resolved.
        now: The hub's time.

    Returns:
        The group with one more open Notification (none, where no Channel wants it) and its members marked as told.
    """
    news = _news(group)
    shown = [m.alert for m in group.members.values() if m.alert.open or m.alert.fingerprint in news]
    why = _why([group.members[identity].alert for identity in news])
    takers = [name for name, send_resolved in channels.items() if send_resolved or why != Phase.RESOLVED]
    notification = Notification(
        stable_id(group.id, *sorted(a.fingerprint + a.since.isoformat() + a.state for a in shown), now.isoformat())[
            :16
        ],
        now,
        why,
        tuple(sorted(shown, key=lambda a: (a.state, a.check, a.subject))),
        tuple(sorted(news)),
        {name: Delivery() for name in takers},
    )
    members = {
        identity: replace(member, told=member.alert.state, told_severity=member.alert.severity)
        for identity, member in group.members.items()
        if member.alert.open
    }
    return replace(group, members=members, told_at=now, open=(*group.open, notification) if takers else group.open)


def _news(group: Group) -> frozenset[str]:
    return frozenset(identity for identity, member in group.members.items() if _untold(member))


def _untold(member: Member) -> bool:
    state = member.alert.state
    if state is Phase.RESOLVED:
        return member.told is not None
    if not member.alert.open:
        return False
    severer = member.told_severity is not None and worse(member.alert.severity, member.told_severity)
    return member.told is not state or severer


def _why(news: list[Alert]) -> str:
    if not news:
        return "repeat"
    states = {alert.state for alert in news}
    return next(str(state) for state in (Phase.FIRING, Phase.UNKNOWN, Phase.RESOLVED) if state in states)


def with_delivery(group: Group, notification: str, channel: str, delivery: Delivery) -> Group:
    """The group with one Delivery replaced; a Notification whose last one finished is closed."""
    changed = [
        replace(n, deliveries={**n.deliveries, channel: delivery}) if n.id == notification else n for n in group.open
    ]
    return replace(
        group,
        open=tuple(n for n in changed if not n.finished),
        closed=(*group.closed, *(n for n in changed if n.finished))[-CLOSED_KEPT:],
    )


def without_silent_resolved(group: Group) -> Group:
    """Forget Alerts that resolved before anybody was told of them."""
    members = {
        identity: member
        for identity, member in group.members.items()
        if member.alert.state is not Phase.RESOLVED or member.told is not None
    }
    return group if members == group.members else replace(group, members=members)
