"""A call that a cloud's audit log saw, in one shape for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from nephoscope.events import MessageReceived, stable_id
from nephoscope.payloads.reading import utc, utf8


@dataclass(frozen=True, slots=True)
class Access:
    """Who did what, and how it ended; an `error` that is empty means that it was allowed."""

    action: str  # "s3.GetObject"
    actor: str
    error: str = ""  # "AccessDenied"
    message: str = ""
    address: str = ""


def received(provider: str, identity: str, at: str, access: Access) -> MessageReceived:
    """
    Make the Event of an audit record; its body is the Access as JSON.

    Raises:
        BadPayload: Its time or its text is none.
    """
    for text in (identity, access.action, access.actor, access.error, access.message, access.address):
        utf8(text)
    return MessageReceived(stable_id("audit", provider, identity), utc(at), msgspec.json.encode(access))
