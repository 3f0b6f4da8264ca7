"""What happened, neutral of any cloud: each Event has an id that redelivery does not change, and an aware UTC time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One content of one object in a bucket, a container or a watched folder."""

    provider: str  # "aws", "azure", "gcp" or "local"
    bucket: str  # bucket, container, or the watched folder's path
    key: str  # as the store spells it, never decoded twice
    version: str = ""  # version id, generation or ETag: which content is meant
    size: int | None = None  # bytes, where the Event told it

    @property
    def url(self) -> str:
        """
        Where people find it.

        >>> ObjectRef("aws", "landing", "flights/2013-02.parquet").url
        's3://landing/flights/2013-02.parquet'
        """
        scheme = {"aws": "s3", "gcp": "gs", "azure": "az", "local": "file"}[self.provider]
        return f"{scheme}://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A schedule's slot came; the slot, not the clock, is its identity."""

    id: str
    at: datetime
    schedule: str  # the job or the schedule's name; "" where it was run by hand


@dataclass(frozen=True, slots=True)
class ObjectWritten:
    """An object was created or replaced."""

    id: str
    at: datetime
    object: ObjectRef


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message came out of a topic or a queue."""

    id: str
    at: datetime
    body: bytes = field(repr=False)


Event: TypeAlias = TimerFired | ObjectWritten | MessageReceived


def stable_id(*parts: str) -> str:
    """
    Thirty-two hex digits that are the same for the same parts, in any process and on any machine.

    >>> stable_id("a", "b") == stable_id("a", "b"), stable_id("a", "b") == stable_id("ab")
    (True, False)
    """
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:32]
