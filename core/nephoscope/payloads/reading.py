"""
How a payload is read: into typed shapes, one record after the other, whatever a stranger put into it.

A record becomes one of three things: an Event; `Ignored`, where it is well-formed and not for us (a test event, a
delete, a folder); or a `BadPayload`, kept as a value, so that one bad record costs none of its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import msgspec

from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import BadPayload
from nephoscope.events import Event

LARGEST_BYTES = 1024 * 1024  # Event Grid's, SQS' and Scheduler's own limit; a Report has at most 60 KiB
MOST_RECORDS = 10_000  # the largest batch of SQS
LONGEST_KEY_BYTES = 1024  # S3's and Cloud Storage's own limit
DO = "send what this function is subscribed to, or correct its trigger"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A record that is well-formed and not for us."""

    what: str  # "s3:TestEvent"


Read: TypeAlias = Event | Ignored | BadPayload


def ignored(kind: str) -> Ignored:
    """
    Tell a record of a kind that is not for us, by the cloud's own word for it.

    Raises:
        BadPayload: There is no word.
    """
    if not kind:
        raise BadPayload("A record does not say of what kind it is.", do=DO)
    return Ignored(kind[:64])


def document(body: bytes | str) -> Any:
    """
    Decode JSON from outside.

    Raises:
        BadPayload: It is larger than 1 MiB, nested too deeply, or no JSON (NaN and Infinity are none).

    >>> document(b'{"a": 1}')
    {'a': 1}
    """
    if len(body) > LARGEST_BYTES:
        raise BadPayload(f"A payload has {len(body):,} bytes, at most {LARGEST_BYTES:,} are read.", do=DO)
    try:
        return msgspec.json.decode(body)
    except UNDECODABLE as error:
        raise BadPayload(f"A payload of {len(body):,} bytes is no JSON: {error}.", do=DO) from error


def shaped(value: object, kind: type[T], what: str) -> T:
    """
    Convert plain data to the shape it should have; fields that nobody declared are left out.

    Raises:
        BadPayload: It has another shape; the message names the first place where.
    """
    try:
        decoder(kind)  # describes it, whatever the number of threads
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        raise BadPayload(f"A payload is no {what}: {error}.", do=DO) from error


def has(value: object, *names: str) -> bool:
    """Whether a value is a mapping with all of these keys."""
    return isinstance(value, dict) and all(name in value for name in names)


def each(records: Sequence[object], one: Callable[[Any], Iterable[T]], what: str) -> list[T | BadPayload]:
    """Read every record; a bad one stays in its place as the BadPayload it is."""
    if len(records) > MOST_RECORDS:
        raise BadPayload(f"A payload has {len(records):,} {what}, at most {MOST_RECORDS:,} are read.", do=DO)
    found: list[T | BadPayload] = []
    for record in records:
        try:
            found.extend(one(record))
        except BadPayload as error:
            found.append(error)
    return found


def utc(text: str) -> datetime:
    """
    Read an RFC 3339 time; digits beyond the microsecond are cut.

    Raises:
        BadPayload: It is none, or has no zone.

    >>> utc("2017-06-26T18:41:00.9584103Z").isoformat()
    '2017-06-26T18:41:00.958410+00:00'
    """
    try:
        at = datetime.fromisoformat(text)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadPayload(f"{text[:64]!r} is no time.", do=DO) from error
    raise BadPayload(f"The time {text[:64]!r} has no zone.", do=DO)


def key(name: str) -> str:
    r"""
    Pass an object's name that every store can be asked for, as it is.

    Raises:
        BadPayload: It is empty, longer than 1,024 bytes, has control characters or halves of characters, or a segment
            '.' or '..', which HTTP clients take out of a path.

    >>> key("flights/2013 02+é.parquet")
    'flights/2013 02+é.parquet'
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise BadPayload("An object's name has half of a character.", do=DO) from error
    if not 0 < size <= LONGEST_KEY_BYTES:
        raise BadPayload(f"An object's name has {size:,} bytes, one to {LONGEST_KEY_BYTES:,} are possible.", do=DO)
    if any(character < " " or character in "\x7f\ufffd" for character in name):
        raise BadPayload(f"The object's name {name!r} has control or replacement characters.", do="rename it")
    if not {".", ".."}.isdisjoint(name.split("/")):
        raise BadPayload(f"The object's name {name!r} has a segment '.' or '..'.", do="rename it")
    return name


def name(text: str, what: str) -> str:
    """
    Pass the name of a bucket, an account or a schedule.

    Raises:
        BadPayload: It is empty, or has slashes, spaces, control characters or halves of characters.
    """
    if not text or len(text) > 256 or not text.isprintable() or any(mark in text for mark in " /\\"):
        raise BadPayload(f"{text[:64]!r} is no name of {what}.", do=DO)
    return text


def etag(text: str) -> str:
    """
    Spell an ETag as HTTP does, in quotes, so that nobody takes it for a version id.

    Raises:
        BadPayload: It is empty, or none.

    >>> etag("0x8D4BCC2E4835CD0"), etag('"0x8D4BCC2E4835CD0"')
    ('"0x8D4BCC2E4835CD0"', '"0x8D4BCC2E4835CD0"')
    """
    return f'"{name(text.strip(chr(34)), "a content")}"'


def utf8(text: str) -> bytes:
    """
    Encode text from outside.

    Raises:
        BadPayload: It has half of a character.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadPayload("A text has half of a character.", do=DO) from error
