"""
Who may send us events over HTTP, asked before the first one comes: Event Grid's and CloudEvents' handshakes.

An endpoint that answers everybody helps anybody to aim a service's traffic at it. So only listed topics and origins are
answered, and the `validationUrl` that a request names is never fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from nephoscope.errors import BadPayload
from nephoscope.payloads.reading import document, shaped

VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Code(msgspec.Struct):
    code: str = msgspec.field(name="validationCode")


class _Validation(msgspec.Struct):
    topic: str
    type: str = msgspec.field(name="eventType")
    data: _Code


def reply(
    method: str, headers: Mapping[str, str], body: bytes, *, topics: frozenset[str], origins: frozenset[str]
) -> Reply | None:
    """
    Answer a handshake.

    Args:
        method: The request's method.
        headers: Its headers, in any case of letters.
        body: Its body.
        topics: The Event Grid topics that may subscribe us, as resource ids; compared without regard to case.
        origins: The CloudEvents origins that may.

    Returns:
        The answer; None where the request is no handshake.
    """
    lowered = {word.lower(): value for word, value in headers.items()}
    if method.upper() == "OPTIONS":
        origin = lowered.get("webhook-request-origin", "")
        allowed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": lowered.get("webhook-request-rate", "120")}
        return Reply(200, allowed) if origin in origins else Reply(403)
    if lowered.get("aeg-event-type") == "SubscriptionValidation":
        return _validated(body, frozenset(topic.lower() for topic in topics))
    return None


def _validated(body: bytes, topics: frozenset[str]) -> Reply:
    try:
        events = shaped(document(body), list[_Validation], "SubscriptionValidation")
    except BadPayload:
        return Reply(400)
    if len(events) != 1 or events[0].type != VALIDATION or events[0].topic.lower() not in topics:
        return Reply(403)
    answer = msgspec.json.encode({"validationResponse": events[0].data.code})
    return Reply(200, {"Content-Type": "application/json"}, answer)
