"""The answers of the hub's desk: alerts, silences, routes, replay and redrive."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from nephoscope.cli.schemas.document import Document
from nephoscope.cli.schemas.runner import VerdictCounts


class ListedAlert(Struct, frozen=True, kw_only=True):
    """One Alert on record."""

    fingerprint: str
    check: str
    subject: str
    labels: dict[str, str]
    state: Literal["pending", "firing", "unknown", "resolved"]
    severity: Literal["low", "medium", "high"]
    since: datetime
    began: datetime | None
    value: float | None
    limit: str | None
    reason: str
    blind: str | None
    silenced_by: str | None
    inhibited_by: str | None


class AlertsListed(Document, frozen=True, kw_only=True):
    """The Alerts that are open, or all of them."""

    schema: Literal["nephoscope.alerts.list/1"]
    alerts: list[ListedAlert]


class LifeMoment(Struct, frozen=True, kw_only=True):
    """An Alert entered a state."""

    state: Literal["pending", "firing", "unknown", "resolved"]
    at: datetime
    reason: str


class ToldDelivery(Struct, frozen=True, kw_only=True):
    """What became of one Message for one channel."""

    channel: str
    status: Literal["pending", "sending", "sent", "dead"]
    tries: int
    at: datetime | None
    error: str | None


class ToldNotification(Struct, frozen=True, kw_only=True):
    """One time that people were told."""

    id: str
    at: datetime
    why: Literal["firing", "unknown", "resolved", "moved", "repeat", "notice"]
    deliveries: list[ToldDelivery]


class AlertShown(Document, frozen=True, kw_only=True):
    """One Alert, its life and what was told of it."""

    schema: Literal["nephoscope.alerts.show/1"]
    fingerprint: str
    check: str
    subject: str
    labels: dict[str, str]
    state: Literal["pending", "firing", "unknown", "resolved"]
    severity: Literal["low", "medium", "high"]
    since: datetime
    began: datetime | None
    value: float | None
    limit: str | None
    reason: str
    blind: str | None
    evidence: str | None
    routes: list[str]
    life: list[LifeMoment]
    told: list[ToldNotification]


class SilenceFacts(Struct, frozen=True, kw_only=True):
    """One silence."""

    id: str
    matchers: list[str]
    author: str
    reason: str
    starts: datetime
    ends: datetime
    state: Literal["pending", "active", "expired"]
    expired_by: str | None
    source: Literal["command", "configuration"]


class SilenceChanged(Document, frozen=True, kw_only=True):
    """The silence that was made or ended."""

    schema: Literal["nephoscope.silence.add/1", "nephoscope.silence.expire/1"]
    id: str
    matchers: list[str]
    author: str
    reason: str
    starts: datetime
    ends: datetime
    state: Literal["pending", "active", "expired"]
    expired_by: str | None
    source: Literal["command", "configuration"]


class SilencesListed(Document, frozen=True, kw_only=True):
    """The silences that hold, or all of them."""

    schema: Literal["nephoscope.silence.list/1"]
    silences: list[SilenceFacts]


class AskedRoute(Struct, frozen=True, kw_only=True):
    """A node of the route tree and what it said."""

    route: str
    takes: bool
    keeps: bool
    why: str


class RoutedGroup(Struct, frozen=True, kw_only=True):
    """The group that the Alert would join."""

    route: str
    channels: list[str]
    group: str
    group_labels: dict[str, str]
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    muted_until: datetime | None


class RoutesTested(Document, frozen=True, kw_only=True):
    """Where an Alert would go, and why."""

    schema: Literal["nephoscope.routes.test/1"]
    labels: dict[str, str]
    walk: list[AskedRoute]
    groups: list[RoutedGroup]
    silenced_by: str | None


class ReplayedMessage(Struct, frozen=True, kw_only=True):
    """What one channel would be told."""

    channel: str
    title: str
    text: list[str]


class Replayed(Document, frozen=True, kw_only=True):
    """What a Report would tell whom."""

    schema: Literal["nephoscope.replay/1"]
    report: str
    job: str
    cloud: str
    scope: str
    at: datetime
    findings: VerdictCounts
    messages: list[ReplayedMessage]


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A message that the topic gave up."""

    published_at: datetime
    tries: int
    error: str


class Redriven(Document, frozen=True, kw_only=True):
    """What got new tries."""

    schema: Literal["nephoscope.redrive/1"]
    letters: list[DeadLetter]
    deliveries: int
    dry_run: bool
