"""A call that a cloud's audit log saw, as the body of an Event: one shape for all of them."""

from __future__ import annotations

import msgspec

from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived, stable_id
from nephoscope.monitoring.access import Access
from nephoscope.payloads.reading import DO, utc, utf8


def received(provider: str, identity: str, at: str, access: Access) -> MessageReceived:
    """
    Make the Event of an audit record; its body is the Access as JSON.

    Raises:
        BadPayload: Its time or its text is none.
    """
    try:
        body = msgspec.json.encode(access)
    except UnicodeEncodeError as error:
        raise BadPayload("A text has half of a character.", do=DO) from error
    return MessageReceived(stable_id("audit", provider, utf8(identity).decode()), utc(at), body)
