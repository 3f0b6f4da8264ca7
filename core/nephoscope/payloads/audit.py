"""A call that a cloud's audit log saw, as the body of an Event: one shape for all of them."""

from __future__ import annotations

import msgspec

from nephoscope.events import MessageReceived, stable_id
from nephoscope.monitoring.access import Access
from nephoscope.payloads.reading import utc, utf8


def received(provider: str, identity: str, at: str, access: Access) -> MessageReceived:
    """
    Make the Event of an audit record; its body is the Access as JSON.

    Raises:
        BadPayload: Its time or its text is none.
    """
    for text in (identity, *(getattr(access, name) for name in access.__slots__)):
        utf8(text)
    return MessageReceived(stable_id("audit", provider, identity), utc(at), msgspec.json.encode(access))
