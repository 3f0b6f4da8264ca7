"""How an HTTP channel's answer is judged: delivered, not now, or never."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from nephoscope.errors import Permanent, Transient

RETRYABLE = frozenset({408, 425, 429, *range(500, 600)})
SHOWN = 80  # characters of an answer that are told


def refused(who: str, status: int, body: str, headers: Mapping[str, str], *, do: str) -> Permanent | Transient:
    """
    The error that an answer is, whatever its status: 408, 429, 5xx and failures dressed as success may get better.

    >>> refused("Slack", 429, "rate_limited", {"Retry-After": "30"}, do="wait").retry_after_seconds
    30.0
    >>> type(refused("Slack", 404, "no_service", {}, do="make a new webhook")).__name__
    'Permanent'
    """
    said = f"{who} answered {status} '{' '.join(body[:SHOWN].split())}'."
    if status in RETRYABLE or 200 <= status < 300:
        return Transient(said, retry_after_seconds=wait_seconds(headers))
    return Permanent(said, do=do)


def wait_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """
    The wait that `Retry-After` names: "a non-negative decimal integer ... or an HTTP-date" (RFC 9110, 10.2.3).

    >>> wait_seconds({"retry-after": "Tue, 24 Nov 2026 06:01:00 GMT"}, now=datetime(2026, 11, 24, 6, tzinfo=UTC))
    60.0
    """
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, TypeError):
        return None
