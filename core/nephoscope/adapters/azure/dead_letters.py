"""
Event Grid's dead letters: blobs with JSON arrays of CloudEvents, each published anew before its blob is deleted.

A blob is of one subscription, so that its events go together or stay together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec

from nephoscope.adapters.azure.state import CHANGED, BlobState
from nephoscope.adapters.azure.storage import Blobs
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.ports import MOST_LETTERS, DeadLetter, Topic, Version, Waiting
from nephoscope.report import EVENT_TYPE

# What Event Grid adds to a CloudEvent that it gives up; the names of its own schema differ in their capitals alone.
ADDED = frozenset(
    {
        "deadletterreason",
        "deliveryattempts",
        "lastdeliveryoutcome",
        "lasthttpstatuscode",
        "publishtime",
        "lastdeliveryattempttime",
    }
)
UNKNOWN = "Event Grid does not say why"
UNREADABLE = "Blobs cannot be read as Event Grid's dead letters. To do: look at them, beginning with"
FOREIGN = "was published by Azure itself, as nobody else can. To do: write the blob that it tells of again, or drop it"

_Fields = dict[str, msgspec.Raw]


class _Dead(msgspec.Struct, frozen=True):
    publishtime: Annotated[datetime, msgspec.Meta(tz=True)]
    type: str
    deliveryattempts: int = 0
    deadletterreason: str = ""
    lastdeliveryoutcome: str = ""


@dataclass(frozen=True, slots=True)
class _Stored:
    """An event as it was published, and the blob that it lies in."""

    body: bytes
    key: str
    version: Version
    last: bool  # of its blob: when this one is sent, nothing in there waits


class EventGridDeadLetters:
    """The blobs of a container whose names begin with a prefix; Reports among them go to `topic`."""

    def __init__(self, blobs: Blobs, container: str, prefix: str, topic: Topic) -> None:
        self._blobs = blobs
        self._container = container
        self._prefix = prefix
        self._topic = topic

    def waiting(self) -> Waiting:
        """What waits now, blob by blob, the oldest first."""
        found: list[list[DeadLetter]] = []
        staying: Counter[str] = Counter()
        unreadable: list[str] = []
        stored = BlobState(self._blobs, self._container, "")
        for key in stored.list(self._prefix):
            if sum(map(len, found)) >= MOST_LETTERS:
                break
            if (blob := stored.get(key)) is None:
                continue
            try:
                letters, kinds = _read(key, *blob)
            except UNDECODABLE:
                unreadable.append(key)
                continue
            foreign = Counter(f"{kind} {FOREIGN}" for kind in kinds if kind != EVENT_TYPE)
            staying += foreign
            found += [] if foreign else [letters]
        if unreadable:
            staying[f"{UNREADABLE} {self._container}/{unreadable[0]}"] = len(unreadable)
        found.sort(key=lambda letters: letters[0].published_at)
        return Waiting(tuple(letter for letters in found for letter in letters), staying)

    def redrive(self, letter: DeadLetter) -> None:
        """Publish it anew; the blob goes with its last event: a death before that publishes its events twice."""
        event: _Stored = letter.handle
        self._topic.publish(event.body, attributes={})
        if event.last:
            condition = {"If-Match": event.version}
            self._blobs.ask("DELETE", self._container, event.key, headers=condition, no=CHANGED)

    def leave(self, letters: Sequence[DeadLetter]) -> None:
        """Nothing was held."""


def _read(key: str, body: bytes, version: Version) -> tuple[list[DeadLetter], list[str]]:
    """
    The letters of a blob, in its order, and the types of its events.

    Raises:
        msgspec.DecodeError: It holds no dead letters.
    """
    body = body if body.lstrip().startswith(b"[") else b"[" + body + b"]"
    fields = decoder(list[_Fields]).decode(body)
    told = decoder(list[_Dead]).decode(body)
    if not told:
        raise msgspec.DecodeError("it is empty")
    letters = [
        DeadLetter(dead.publishtime, dead.deliveryattempts, _error(dead), _Stored(_own(own), key, version, last))
        for own, dead, last in zip(fields, told, [False] * (len(told) - 1) + [True], strict=True)
    ]
    return letters, [dead.type for dead in told]


def _own(fields: _Fields) -> bytes:
    """
    The event's own fields, each as it came.

    >>> _own(msgspec.json.decode(b'{"id": "1", "data": {"a": 1.0}, "publishtime": "t"}', type=_Fields))
    b'{"id":"1","data":{"a": 1.0}}'
    """
    return msgspec.json.encode({name: value for name, value in fields.items() if name.lower() not in ADDED})


def _error(dead: _Dead) -> str:
    return ", ".join(filter(None, (dead.deadletterreason, dead.lastdeliveryoutcome))) or UNKNOWN
