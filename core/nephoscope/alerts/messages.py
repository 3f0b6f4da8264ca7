"""A Notification for people, neutral of any Channel: what happened, where, since when, the value and the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nephoscope.alerts.groups import Notification
from nephoscope.alerts.life import Alert, Phase

TEXT_MOST = 200  # characters of any one field that came from outside

_WORD = {"firing": "FIRING", "resolved": "RESOLVED", "unknown": "UNKNOWN", "repeat": "STILL FIRING"}


@dataclass(frozen=True, slots=True)
class Message:
    """A group of Alerts rendered for people, on its way to one Channel."""

    id: str  # the delivery's id: the same on each retry
    why: str  # "firing", "resolved", "unknown" or "repeat"
    title: str
    alerts: tuple[Alert, ...]
    news: tuple[str, ...]
    group: str  # the group's id: what an e-mail thread is made from
    labels: Mapping[str, str]  # the group's labels
    at: datetime
    retry: int = 0

    @property
    def correlation_ids(self) -> tuple[str, ...]:
        """The ids that lead from this Message back to the Events behind it."""
        return tuple(sorted({a.correlation_id for a in self.alerts if a.fingerprint in self.news or not self.news}))


def message(notification: Notification, *, channel: str, group: str, labels: Mapping[str, str], retry: int) -> Message:
    """The Message that one Channel gets of a Notification."""
    return Message(
        id=f"{notification.id}/{channel}",
        why=notification.why,
        title=title(notification, labels),
        alerts=notification.alerts,
        news=notification.news,
        group=group,
        labels=labels,
        at=notification.at,
        retry=retry,
    )


def title(notification: Notification, labels: Mapping[str, str]) -> str:
    """One line: what kind of news, how many, of what."""
    news = [a for a in notification.alerts if a.fingerprint in notification.news] or list(notification.alerts)
    where = ", ".join(plain(v) for v in labels.values()) or "all"
    if len(news) == 1:
        return f"{_WORD[notification.why]}: {plain(news[0].check)} of {plain(news[0].subject)}"
    return f"{_WORD[notification.why]}: {len(news)} checks of {where}"


def line(alert: Alert, *, now: datetime) -> str:
    """One sentence on one Alert: its state, what was seen, and since when or how long."""
    if alert.state is Phase.RESOLVED:
        return f"{plain(alert.reason)} It lasted {duration(alert.since - (alert.began or alert.since))}."
    blind = f" It can no longer be seen: {plain(alert.blind)}" if alert.blind else ""
    return f"{plain(alert.reason)} Since {alert.since:%Y-%m-%d %H:%M} UTC ({duration(now - alert.since)}).{blind}"


def duration(span: timedelta) -> str:
    """
    A span for people, two units at most.

    >>> duration(timedelta(minutes=135)), duration(timedelta(seconds=42)), duration(timedelta(days=3))
    ('2 h 15 min', '42 s', '3 d')
    """
    seconds = max(0, int(span.total_seconds()))
    units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
    told = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            told.append(f"{count} {name}")
    return " ".join(told[:2]) or "0 s"


def plain(text: str, *, most: int = TEXT_MOST) -> str:
    """
    Text from outside as one harmless line: control and format characters are shown, not obeyed, and the length is capped.

    >>> plain("a\\r\\nb\\u202ec")
    'a\\\\r\\\\nb\\\\u202ec'
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"
