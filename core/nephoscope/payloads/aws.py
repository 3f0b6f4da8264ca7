"""
What Lambda is handed: S3 notifications (direct, in SNS, in SQS, in both), EventBridge, Scheduler, SQS, CloudTrail.

A key in an S3 notification is form-encoded ("the key name value is URL encoded", a space is `+`); in an EventBridge
event it stands as it is. Both name the same content of the same object by the same Event id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import unquote, unquote_plus

from msgspec import UNSET, Struct, UnsetType, field

from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived, ObjectRef, ObjectWritten, TimerFired, stable_id
from nephoscope.monitoring.access import Access
from nephoscope.payloads.audit import received
from nephoscope.payloads.reading import (
    DO,
    Ignored,
    Read,
    document,
    each,
    etag,
    has,
    ignored,
    key,
    name,
    shaped,
    utc,
    utf8,
)
from nephoscope.payloads.sequencer import rank


class _Bucket(Struct):
    name: str


class _Object(Struct):
    key: str
    size: int = -1
    etag: str = field(name="eTag", default="")
    version: str = field(name="versionId", default="")
    sequencer: str = ""


class _S3(Struct):
    bucket: _Bucket
    object: _Object


class _Notification(Struct):
    version: str = field(name="eventVersion")
    name: str = field(name="eventName")
    time: str = field(name="eventTime")
    s3: _S3
    restore: Any = field(name="glacierEventData", default=None)


class _BridgeObject(Struct):
    key: str
    size: int = -1
    etag: str = ""
    version: str = field(name="version-id", default="")
    sequencer: str = ""


class _BridgeDetail(Struct):
    bucket: _Bucket
    object: _BridgeObject


class _Bridge(Struct):
    type: str = field(name="detail-type")
    source: str
    time: str
    detail: Any
    resources: list[str] = []
    id: str = ""


class _Schedule(Struct):
    arn: str = field(name="schedule-arn")
    time: str = field(name="scheduled-time")


class _Letter(Struct):
    id: str = field(name="messageId")
    body: str
    attributes: dict[str, str] = {}


class _Sns(Struct):
    id: str = field(name="MessageId")
    message: str = field(name="Message")
    time: str = field(name="Timestamp")
    type: str = field(name="Type", default="Notification")


class _Identity(Struct):
    arn: str = ""
    type: str = ""
    principal: str = field(name="principalId", default="")


class _Named(Struct):
    arn: str = field(name="ARN", default="")


class _Trail(Struct):
    id: str = field(name="eventID")
    time: str = field(name="eventTime")
    action: str = field(name="eventName")
    service: str = field(name="eventSource")
    identity: _Identity = field(name="userIdentity", default_factory=_Identity)
    error: str | None = field(name="errorCode", default=None)
    message: str | None = field(name="errorMessage", default=None)
    address: str | UnsetType = field(name="sourceIPAddress", default=UNSET)
    asked: dict[str, Any] | None = field(name="requestParameters", default=None)
    resources: list[_Named] | None = None


@dataclass(frozen=True, slots=True)
class _Write:
    event: ObjectWritten
    sequencer: str


_Seen: TypeAlias = _Write | Ignored | BadPayload


def objects_written(payload: object) -> list[Read]:
    """
    Read what S3 says, by whichever way it came; writes of one object are put into their order.

    Raises:
        BadPayload: It is not what S3, SNS, SQS or EventBridge send.
    """
    seen = _objects(payload)
    first: dict[object, int] = {}
    places = [first.setdefault(_place(one, index), index) for index, one in enumerate(seen)]
    ranks = [rank(one.sequencer) if isinstance(one, _Write) else "" for one in seen]
    order = sorted(range(len(seen)), key=lambda index: (places[index], ranks[index]))
    return [one.event if isinstance(one, _Write) else one for one in (seen[index] for index in order)]


def _place(one: _Seen, index: int) -> object:
    return (one.event.object.bucket, one.event.object.key) if isinstance(one, _Write) else index


def is_batch(payload: object) -> bool:
    """Whether a payload is a batch of SQS, of which each record may fail alone."""
    records = payload.get("Records") if isinstance(payload, dict) else None
    return isinstance(records, list) and bool(records) and has(records[0], "body", "messageId")


def timer_fired(payload: object) -> TimerFired:
    """
    Read a scheduled Event of EventBridge, or of Scheduler with the input that our deployment gives it.

    Its id is the schedule and its slot: Scheduler's execution id "is new for each attempt".

    Raises:
        BadPayload: It is neither.
    """
    if has(payload, "schedule-arn"):
        schedule = shaped(payload, _Schedule, "Scheduler input")
        return _timer(schedule.arn, schedule.time)
    bridge = shaped(payload, _Bridge, "scheduled Event")
    if bridge.type != "Scheduled Event" or len(bridge.resources) != 1:
        raise BadPayload(f"An EventBridge event '{bridge.type}' is no Scheduled Event of one rule.", do=DO)
    return _timer(bridge.resources[0], bridge.time)


def messages_received(payload: object) -> list[Read]:
    """
    Read what SNS hands a function without a queue between.

    Raises:
        BadPayload: It has no Records.
    """
    records = payload.get("Records") if isinstance(payload, dict) else None
    if not isinstance(records, list):
        raise BadPayload("A payload has no Records, as messages of SQS and SNS have.", do=DO)
    if not records:
        return [Ignored("zero records")]
    return [*each(records, lambda record: [message_received(record)], "records")]


def message_received(payload: object) -> MessageReceived:
    """
    Read one SQS record, or one SNS record; an SNS envelope in SQS is opened.

    Raises:
        BadPayload: It is neither.
    """
    if has(payload, "Sns"):
        sns = shaped(payload["Sns"], _Sns, "SNS record")  # type: ignore[index]
        return _message(sns)
    letter = shaped(payload, _Letter, "SQS record")
    plain = document(letter.body)
    if _enveloped(plain):
        return _message(shaped(plain, _Sns, "SNS message"))
    return MessageReceived(stable_id("message", "aws", utf8(letter.id).decode()), _sent_at(letter), utf8(letter.body))


def security_event(payload: object) -> MessageReceived:
    """
    Read a call that CloudTrail saw, as EventBridge hands it over.

    Raises:
        BadPayload: It is none.
    """
    bridge = shaped(payload, _Bridge, "EventBridge event")
    if not bridge.type.endswith("via CloudTrail"):
        raise BadPayload(f"An EventBridge event '{bridge.type}' does not come from CloudTrail.", do=DO)
    trail = shaped(bridge.detail, _Trail, "CloudTrail record")
    who = trail.identity
    resource, *others = _touched(trail) or [""]
    access = Access(
        action=f"{trail.service.removesuffix('.amazonaws.com')}.{trail.action}",
        actor=who.arn or who.principal or who.type,
        error=trail.error or "",
        message=trail.message or "",
        address="" if trail.address is UNSET else trail.address,
        resource=resource,
        others=tuple(others),
    )
    return received("aws", trail.id, trail.time, access)


def _touched(trail: _Trail) -> list[str]:
    """The bucket or object that was asked for, what it was copied from, and each further resource that is named."""
    asked = trail.asked or {}
    bucket, key, source = (asked.get(name) for name in ("bucketName", "key", "x-amz-copy-source"))
    found = []
    if isinstance(bucket, str):
        found.append(f"{_arn(bucket)}/{key}" if isinstance(key, str) else _arn(bucket))
    # CopyObject and UploadPartCopy name their source as BUCKET/KEY, URL-encoded, after a slash or before a version.
    if isinstance(source, str) and (place := unquote(source.partition("?versionId=")[0]).lstrip("/")):
        found.append(_arn(place))
    found += [each.arn for each in trail.resources or () if each.arn]
    # A call on an object names its bucket beside it, which is not what was touched.
    return [one for one in dict.fromkeys(found) if not any(other.startswith(f"{one}/") for other in found)]


def _arn(bucket: str) -> str:
    """A bucket as CloudTrail names resources; an access point's name is one already."""
    return bucket if bucket.startswith("arn:") else f"arn:aws:s3:::{bucket}"


def _objects(payload: object) -> list[_Seen]:
    if has(payload, "detail-type"):
        return each([payload], _bridged, "events")
    if has(payload, "Service", "Event"):
        return [Ignored("s3:TestEvent")]
    records = payload.get("Records") if isinstance(payload, dict) else None
    if not isinstance(records, list):
        raise BadPayload("A payload has no Records and is no EventBridge event.", do=DO)
    return each(records, _record, "Records") if records else [Ignored("zero Records")]


def _record(record: object) -> Iterator[_Seen]:
    if has(record, "s3"):
        yield _notified(record)
    elif (message := _inner(record)) is not None:
        yield from _notifications(message)
    else:
        raise BadPayload("A record is none of S3, SNS or SQS.", do=DO)


def _inner(record: object) -> Any:
    """What an SNS or SQS record carries, out of all its envelopes; None where it is neither."""
    if has(record, "Sns"):
        return document(shaped(record["Sns"], _Sns, "SNS record").message)  # type: ignore[index]
    if not has(record, "body"):
        return None
    plain = document(shaped(record, _Letter, "SQS record").body)
    return document(shaped(plain, _Sns, "SNS message").message) if _enveloped(plain) else plain


def _notifications(message: Any) -> list[_Seen]:
    records = message.get("Records") if isinstance(message, dict) else None
    if isinstance(records, list) and not all(has(record, "s3") for record in records):
        raise BadPayload("A message carries Records that are no S3 notifications.", do=DO)
    return _objects(message)


def _enveloped(plain: object) -> bool:
    return has(plain, "TopicArn", "Message") and plain.get("Type") == "Notification"  # type: ignore[attr-defined]


def _notified(record: object) -> _Seen:
    seen = shaped(record, _Notification, "S3 notification")
    if seen.version.partition(".")[0] != "2":
        raise BadPayload(f"An S3 notification has the version {seen.version[:16]!r}, this code reads 2.x.", do=DO)
    if not seen.name.removeprefix("s3:").startswith("ObjectCreated:") or seen.restore is not None:
        return ignored(seen.name)
    try:
        decoded = unquote_plus(seen.s3.object.key, errors="strict")
    except UnicodeError as error:
        raise BadPayload(f"The S3 key {seen.s3.object.key!r} is no encoded UTF-8.", do=DO) from error
    return _written(seen.s3.bucket.name, decoded, seen.s3.object, seen.time)


def _bridged(payload: object) -> Iterator[_Seen]:
    bridge = shaped(payload, _Bridge, "EventBridge event")
    if bridge.source != "aws.s3":
        raise BadPayload(f"An EventBridge event of {bridge.source[:64]!r} does not come from S3.", do=DO)
    if bridge.type != "Object Created":
        yield ignored(bridge.type)
        return
    detail = shaped(bridge.detail, _BridgeDetail, "S3 event")
    yield _written(detail.bucket.name, detail.object.key, detail.object, bridge.time)


def _written(bucket: str, where: str, found: _Object | _BridgeObject, at: str) -> _Seen:
    if where.endswith("/") and found.size <= 0:
        return Ignored("a folder")
    version = name(found.version, "a version") if found.version not in ("", "null") else etag(found.etag)
    size = found.size if found.size >= 0 else None
    ref = ObjectRef("aws", name(bucket, "a bucket"), key(where), version, size)
    sequencer = utf8(found.sequencer).decode()
    identity = stable_id("object", "aws", bucket, where, version, rank(sequencer))
    return _Write(ObjectWritten(identity, utc(at), ref), sequencer)


def _timer(schedule: str, at: str) -> TimerFired:
    slot = utc(at)
    short = name(schedule.rpartition("/")[2], "a schedule")
    return TimerFired(stable_id("timer", "aws", utf8(schedule).decode(), slot.isoformat()), slot, short)


def _message(sns: _Sns) -> MessageReceived:
    return MessageReceived(stable_id("message", "aws", utf8(sns.id).decode()), utc(sns.time), utf8(sns.message))


def _sent_at(letter: _Letter) -> datetime:
    try:
        return datetime.fromtimestamp(int(letter.attributes.get("SentTimestamp", "")) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadPayload("An SQS record has no SentTimestamp in milliseconds.", do=DO) from error
