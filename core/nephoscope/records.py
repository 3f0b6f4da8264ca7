"""
JSON records under compare-and-swap, over any State.

A record on the wire is `{"schema": 1, "nonce": …, "record": …}`. The nonce tells a writer whose answer got lost that
the record it finds is its own: a refused write is a conflict only after the nonce was compared.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from nephoscope.errors import Transient
from nephoscope.ports import Lost, State

SCHEMA = 1
MOST_TRIES = 20
PAUSE_SECONDS = (0.02, 0.5)

T = TypeVar("T")


class NewerRecord(Transient):
    """A record of a version that this code does not know: it is left alone and the Event is delivered again."""


class Contended(Transient):
    """Others kept winning the same record."""


class _Wire(msgspec.Struct, Generic[T]):
    schema: int
    nonce: str
    record: T


class _Head(msgspec.Struct):
    schema: int


def encode(record: object, *, nonce: str | None = None) -> bytes:
    """Write a record as it is stored."""
    return msgspec.json.encode({"schema": SCHEMA, "nonce": nonce or secrets.token_hex(8), "record": record})


def decode(body: bytes, kind: type[T], *, key: str) -> T:
    """
    Read a stored record.

    Raises:
        NewerRecord: It was written by a later version, or is not readable at all; either way nobody may overwrite it.
    """
    return _wire(body, kind, key).record


def _wire(body: bytes, kind: type[T], key: str) -> _Wire[T]:
    try:
        schema = msgspec.json.decode(body, type=_Head).schema
        if schema == SCHEMA:
            return msgspec.json.decode(body, type=_Wire[kind])  # type: ignore[valid-type]
        problem = f"it has schema {schema}, this version reads {SCHEMA}"
    except msgspec.DecodeError as error:
        problem = str(error)
    raise NewerRecord(f"The record '{key}' cannot be read: {problem}.", do="deploy the version that wrote it")


def read(state: State, key: str, kind: type[T]) -> T | None:
    """Read one record; None when there is none."""
    found = state.get(key)
    return None if found is None else decode(found[0], kind, key=key)


def change(
    state: State,
    key: str,
    kind: type[T],
    to: Callable[[T | None], T | None],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> T | None:
    """
    Replace a record by what `to` makes of it, however many others do the same at the same time.

    Args:
        state: Where the record lives.
        key: Its name.
        kind: Its type.
        to: Old record (None when there is none) to the new one; None or the same object leaves it as it is. It may be
            called several times.
        pause: Sleeps that many seconds between two tries: full jitter, 20 to 500 ms.

    Returns:
        The record as it now stands.

    Raises:
        Contended: Twenty tries were not enough.
        NewerRecord: The stored record is of a later version.
    """
    nonce = secrets.token_hex(8)
    for attempt in range(MOST_TRIES):
        found = state.get(key)
        wire = None if found is None else _wire(found[0], kind, key)
        if wire is not None and wire.nonce == nonce:
            return wire.record  # our own write, whose answer got lost
        old = None if wire is None else wire.record
        new = to(old)
        if new is None or new is old:
            return old
        body = encode(new, nonce=nonce)
        written = state.create(key, body) if found is None else state.replace(key, found[1], body)
        if not isinstance(written, Lost):
            return new
        pause(random.uniform(PAUSE_SECONDS[0], min(PAUSE_SECONDS[1], 0.04 * 2**attempt)))  # noqa: S311
    raise Contended(f"'{key}' was changed by others {MOST_TRIES} times while it was being written.")
