"""
What Azure Functions is handed: Event Grid in both schemas, timers, queue messages, the activity log.

BlobCreated counts where the blob is whole: PutBlob, PutBlockList, SftpCommit and FlushWithClose. On a data lake
CreateFile raises it as well, for a file that is still empty, and CopyBlob when a copy begins: the version that such an
event names is none yet, so that the blob is read as it is once the copy is done. The blob's name stands in the subject
as it is; the URL in the data is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, field

from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived, ObjectRef, ObjectWritten, TimerFired, stable_id
from nephoscope.monitoring.access import Access
from nephoscope.payloads.audit import received
from nephoscope.payloads.reading import DO, Ignored, Read, document, each, etag, ignored, key, name, shaped, utc, utf8

CREATED = "Microsoft.Storage.BlobCreated"
COPIED = "CopyBlob"
WHOLE = frozenset({"PutBlob", "PutBlockList", COPIED, "FlushWithClose", "SftpCommit"})
EARLY = timedelta(minutes=1)  # a timer may fire a little before its slot

_WHO = ("/upn", "/name", "appid")  # how claims end: a person's before that of the program she asks with

_SUBJECT = re.compile(r"/?blobServices/default/containers/([^/]+)/blobs/(.+)", re.DOTALL)


class _Blob(Struct):
    api: str
    etag: str = field(name="eTag", default="")
    size: int = field(name="contentLength", default=-1)
    sequencer: str = ""


class _Resource(Struct):
    operation: str = field(name="operationName")
    status: str = ""
    claims: dict[str, Any] = {}
    resource: str = field(name="resourceUri", default="")


class _Posted(Struct):
    id: str
    time: str
    version: str = field(name="specversion")


def plain(given: object) -> object:
    """
    Turn what the Event Grid trigger hands over into the event as it was sent.

    Which class comes depends on the body alone, not on the annotation: `CloudEvent` where it has a `specversion`,
    otherwise `EventGridEvent`; a dict or a list passes.
    """
    if not callable(getattr(given, "get_json", None)):
        return given
    type_ = getattr(given, "type", None) or getattr(given, "event_type", None)
    at = getattr(given, "time", None) or getattr(given, "event_time", None)
    return {
        "id": getattr(given, "id", None),
        "type": type_,
        "source": getattr(given, "source", None) or getattr(given, "topic", None),
        "subject": getattr(given, "subject", None),
        "time": at.isoformat() if isinstance(at, datetime) else at,
        "data": given.get_json(),  # type: ignore[attr-defined]
    }


def objects_written(payload: object) -> list[Read]:
    """
    Read one event of Event Grid or an array of them, in either schema.

    Raises:
        BadPayload: There is no event.
    """
    events = payload if isinstance(payload, list) else [payload]
    return each(events, _event, "events") if events else [Ignored("zero events")]


def timer_fired(schedule: str, status: Mapping[str, object] | None, *, now: datetime) -> TimerFired:
    """
    Name the slot that a timer fired for.

    Args:
        schedule: The job's name.
        status: The host's ScheduleStatus: `Next` is the slot it had in mind, or the one after it when that is in the
            future already; then `Last` is the one. None or empty where the host keeps no record.
        now: The time of the call; its minute is the slot where the host names none.

    Raises:
        BadPayload: A time in the status is none.
    """
    told = [_slot(status.get(word)) for word in ("Next", "Last")] if status else []
    slots = [slot for slot in told if slot is not None and slot.year > 1 and slot <= now + EARLY]
    slot = max(slots, default=now.astimezone(UTC).replace(second=0, microsecond=0))
    return TimerFired(stable_id("timer", "azure", schedule, slot.isoformat()), slot, schedule)


def message_received(body: bytes, identity: str, at: datetime | None, *, now: datetime) -> MessageReceived:
    """
    Name a queue's message; `at` is when the queue took it in, where it says so.

    Raises:
        BadPayload: Its id is no text.
    """
    taken = at if at is not None and at.utcoffset() is not None else now
    return MessageReceived(stable_id("message", "azure", utf8(identity).decode()), taken.astimezone(UTC), body)


def event_received(body: bytes) -> MessageReceived:
    """
    Read a structured CloudEvent that Event Grid posted by HTTP.

    Raises:
        BadPayload: It is none.
    """
    event = shaped(document(body), _Posted, "CloudEvent")
    return MessageReceived(stable_id("message", "azure", utf8(event.id).decode()), utc(event.time), body)


def security_event(payload: object) -> MessageReceived:
    """
    Read an event of the activity log.

    Raises:
        BadPayload: It is none.
    """
    event = _unified(payload)
    if not event.type.startswith("Microsoft.Resources."):
        raise BadPayload(f"An event '{event.type[:64]}' does not come from the activity log.", do=DO)
    seen = shaped(event.data, _Resource, "activity log event")
    who = next((v for claim in _WHO for k, v in seen.claims.items() if k.endswith(claim)), "")
    failed = event.type.endswith("Failure")
    access = Access(
        action=seen.operation,
        actor=str(who),
        error=(seen.status or "Failed") if failed else "",
        message=event.type if failed else "",
        address=str(seen.claims.get("ipaddr", "")),
        resource=seen.resource,
    )
    return received("azure", event.id, event.time, access)


class _Event(Struct):
    id: str
    type: str
    source: str
    subject: str
    time: str
    data: Any


_NAMES = {"eventType": "type", "topic": "source", "eventTime": "time"}


def _unified(event: object) -> _Event:
    if not isinstance(event, dict):
        raise BadPayload(f"An event is a {type(event).__name__}, not an object.", do=DO)
    names = {} if "specversion" in event else _NAMES
    return shaped({names.get(k, k): v for k, v in event.items()}, _Event, "Event Grid event")


def _event(payload: object) -> Iterator[Read]:
    event = _unified(payload)
    if event.type != CREATED:
        yield ignored(event.type)
        return
    blob = shaped(event.data, _Blob, "BlobCreated event")
    if blob.api not in WHOLE:
        yield Ignored(f"{CREATED} by {blob.api[:32]}")
        return
    yield _written(event, blob)


def _written(event: _Event, blob: _Blob) -> Read:
    place = _SUBJECT.fullmatch(event.subject)
    _, found, account = event.source.partition("/storageAccounts/")
    if place is None or not found:
        raise BadPayload(f"BlobCreated names no blob of an account: {event.subject[:200]!r}.", do=DO)
    container, where = place.groups()
    if where.endswith("/") and blob.size <= 0:
        return Ignored("a folder")
    bucket = f"{name(account, 'an account')}/{name(container, 'a container')}"
    version = etag(blob.etag)
    meant = "" if blob.api == COPIED else version
    ref = ObjectRef("azure", bucket, key(where), meant, blob.size if blob.size >= 0 else None)
    identity = stable_id("object", "azure", bucket, where, version, utf8(blob.sequencer).decode())
    return ObjectWritten(identity, utc(event.time), ref)


def _slot(text: object) -> datetime | None:
    """A time of the host, which leaves the zone out where it means UTC."""
    if not isinstance(text, str) or not text:
        return None
    zoned = text if re.search(r"(Z|[+-]\d\d:\d\d)$", text) else f"{text}Z"
    return utc(zoned)
