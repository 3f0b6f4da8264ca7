"""A Message as plain lines, for every Channel that shows text."""

from __future__ import annotations

from nephoscope.alerts.life import Alert, Phase
from nephoscope.alerts.messages import Message, line, plain

MOST_ALERTS = 10  # in one Message; the rest is counted


def headline(message: Message) -> str:
    """The title, with "retry k" where the channel may have it already."""
    return f"{message.title} (retry {message.retry})" if message.retry else message.title


def body_lines(message: Message) -> list[str]:
    """One line for each Alert, the news first, and a count of those that found no room."""
    ordered = sorted(message.alerts, key=lambda a: (a.fingerprint not in message.news, a.check, a.subject))
    lines = [alert_line(alert, message) for alert in ordered[:MOST_ALERTS]]
    if left := len(ordered) - MOST_ALERTS:
        lines += [f"and {left} more"] if left > 0 else []
    return lines


def alert_line(alert: Alert, message: Message) -> str:
    """State, check, subject and cloud, then what was seen."""
    cloud = plain(alert.labels.get("cloud", ""))
    where = f" on {cloud}" if cloud else ""
    return f"[{alert.state}] {plain(alert.check)} of {plain(alert.subject)}{where}: {line(alert, now=message.at)}"


def evidence(message: Message) -> tuple[str, ...]:
    """Where people find what the Alerts rest on."""
    return tuple(
        sorted({plain(a.evidence_url) for a in message.alerts if a.evidence_url and a.state is not Phase.PENDING})
    )
