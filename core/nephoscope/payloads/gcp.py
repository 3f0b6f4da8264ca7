"""
What a Google function is handed: CloudEvents of Eventarc, Pub/Sub pushes, Cloud Scheduler, the audit log.

A CloudEvent is given as one mapping with its attributes and `data`; the runtime has decoded the data, where it could.
Numbers of 64 bits are strings in the JSON of Google's APIs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived, ObjectRef, ObjectWritten, TimerFired, stable_id
from nephoscope.monitoring.access import Access
from nephoscope.payloads.audit import received
from nephoscope.payloads.reading import DO, Ignored, Read, document, each, has, ignored, key, name, shaped, utc, utf8

STORAGE = "google.cloud.storage.object.v1."
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
AUDIT = "google.cloud.audit.log.v1.written"
FINALIZED = "OBJECT_FINALIZE"


class _Stored(Struct):
    bucket: str
    name: str
    generation: str | int
    size: str | int | None = None
    time: str = field(name="timeCreated", default="")


class _Message(Struct):
    id: str = field(name="messageId")
    time: str = field(name="publishTime")
    data: str = ""
    attributes: dict[str, str] | None = None


class _Push(Struct):
    message: _Message
    subscription: str = ""


class _Who(Struct):
    email: str = field(name="principalEmail", default="")
    subject: str = field(name="principalSubject", default="")  # of a federated caller, who has no address


class _Status(Struct):
    code: int = 0
    message: str = ""


class _Request(Struct):
    address: str = field(name="callerIp", default="")


class _Call(Struct):
    method: str = field(name="methodName")
    service: str = field(name="serviceName", default="")
    resource: str = field(name="resourceName", default="")
    who: _Who = field(name="authenticationInfo", default_factory=_Who)
    status: _Status = field(default_factory=_Status)
    request: _Request = field(name="requestMetadata", default_factory=_Request)


class _Entry(Struct):
    id: str = field(name="insertId")
    call: _Call = field(name="protoPayload")
    time: str = field(name="timestamp", default="")


def plain(given: Any) -> Any:
    """Turn the CloudEvent that the runtime hands over into one mapping; any other payload passes."""
    if not callable(getattr(given, "get_attributes", None)):
        return given
    return {**given.get_attributes(), "data": given.get_data()}


def objects_written(payload: object) -> list[Read]:
    """
    Read a finalized object, told by Eventarc or by a storage notification through Pub/Sub.

    Raises:
        BadPayload: It is neither.
    """
    return each([payload], _object, "events")


def message_received(payload: object) -> MessageReceived:
    """
    Read a Pub/Sub message: as a CloudEvent or as the body of a push.

    Raises:
        BadPayload: It is neither, or its data is no base64.
    """
    message = _push(payload).message
    return MessageReceived(stable_id("message", "gcp", utf8(message.id).decode()), utc(message.time), _data(message))


def subscription(payload: object) -> str:
    """The subscription that pushed, by its own word."""
    return _push(payload).subscription


def timer_fired(payload: object, *, schedule: str) -> TimerFired:
    """
    Read what Cloud Scheduler sent through Pub/Sub.

    A message has no scheduled time; the minute it was published in is the slot, for schedules are of whole minutes.

    Raises:
        BadPayload: It is no Pub/Sub message.
    """
    slot = utc(_push(payload).message.time).replace(second=0, microsecond=0)
    return TimerFired(stable_id("timer", "gcp", schedule, slot.isoformat()), slot, schedule)


def security_event(payload: object) -> MessageReceived:
    """
    Read an entry of the audit log: sent by Eventarc, or by a log sink through Pub/Sub.

    Raises:
        BadPayload: It is none.
    """
    if has(payload, "type", "data") and payload["type"] == AUDIT:  # type: ignore[index]
        logged = _plain(payload["data"])  # type: ignore[index]
    else:
        logged = document(_data(_push(payload).message))
    entry = shaped(logged, _Entry, "audit log entry")
    call = entry.call
    access = Access(
        action=_action(call),
        actor=call.who.email or call.who.subject,
        error=_CODES.get(call.status.code, f"code {call.status.code}") if call.status.code else "",
        message=call.status.message,
        address=call.request.address,
        resource=call.resource,
    )
    at = entry.time or (payload.get("time") if isinstance(payload, dict) else "")
    return received("gcp", entry.id, at if isinstance(at, str) else "", access)


def _action(call: _Call) -> str:
    """The method with its service before it, where it does not begin with that."""
    service = call.service.removesuffix(".googleapis.com")
    return call.method if call.method.startswith(f"{service}.") else f"{service}.{call.method}".removeprefix(".")


_CODES = {5: "NOT_FOUND", 7: "PERMISSION_DENIED", 16: "UNAUTHENTICATED"}


def _object(payload: object) -> Iterator[Read]:
    if has(payload, "type", "data") and str(payload["type"]).startswith(STORAGE):  # type: ignore[index]
        yield _finalized(payload)
    else:
        yield _notified(_push(payload).message)


def _finalized(event: Any) -> Read:
    if event["type"] != f"{STORAGE}finalized":
        return ignored(event["type"])
    stored = shaped(_plain(event["data"]), _Stored, "storage object")
    at = stored.time or event.get("time")
    return _written(stored.bucket, stored.name, stored.generation, stored.size, at if isinstance(at, str) else "")


def _notified(message: _Message) -> Read:
    told = message.attributes or {}
    if "eventType" not in told:
        raise BadPayload("A Pub/Sub message has no attribute eventType, as storage notifications have.", do=DO)
    if told["eventType"] != FINALIZED:
        return ignored(told["eventType"])
    if missing := sorted({"bucketId", "objectId", "objectGeneration"} - told.keys()):
        raise BadPayload(f"A storage notification has no attribute {', '.join(missing)}.", do=DO)
    resource = document(_data(message)) if told.get("payloadFormat") == "JSON_API_V1" else {}
    known: dict[str, object] = resource if isinstance(resource, dict) else {}
    # The object's own time, as Eventarc tells it: a content has one place in the order, whichever way it is told.
    at = known.get("timeCreated") or told.get("eventTime", message.time)
    where = (told["bucketId"], told["objectId"], told["objectGeneration"])
    return _written(*where, known.get("size"), at if isinstance(at, str) else "")


def _written(bucket: str, where: str, generation: str | int, size: object, at: str) -> Read:
    version, length = _number(generation, "generation"), None if size is None else _number(size, "size")
    if where.endswith("/") and not length:
        return Ignored("a folder")
    ref = ObjectRef("gcp", name(bucket, "a bucket"), key(where), str(version), length)
    return ObjectWritten(stable_id("object", "gcp", bucket, where, str(version)), utc(at), ref)


def _number(value: object, what: str) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise BadPayload(f"A storage object's {what} is {text[:32]!r}.", do=DO)
    return int(text)


def _push(payload: object) -> _Push:
    if has(payload, "type", "data"):
        if payload["type"] != PUBLISHED:  # type: ignore[index]
            raise BadPayload(f"A CloudEvent '{str(payload['type'])[:64]}' is no Pub/Sub message.", do=DO)  # type: ignore[index]
        payload = _plain(payload["data"])  # type: ignore[index]
    return shaped(payload, _Push, "Pub/Sub message")


def _plain(data: object) -> object:
    return document(data) if isinstance(data, bytes | str) else data


def _data(message: _Message) -> bytes:
    try:
        return base64.b64decode(message.data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPayload(f"A Pub/Sub message's data is no base64: {error}.", do=DO) from error
