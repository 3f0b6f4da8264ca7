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
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient
from nephoscope.ports import Lost, State, Version

SCHEMA = 1
MOST_TRIES = 20
PAUSE_SECONDS = (0.02, 0.5)
MEMORY_BYTES = 16 * 1024 * 1024
RARE = 8

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


class Memory:
    """
    What this process wrote last, by key: a bet that nobody else wrote since.

    A write on a bet is as conditional as any other, so that a lost bet costs a refused write and nothing else. Where
    others write the same records bets are mostly lost, and fewer are made: one in `RARE` tries whether it is still so.
    """

    def __init__(self, most_bytes: int = MEMORY_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._known: dict[str, tuple[bytes, Version]] = {}
        self._bytes = 0
        self._luck = 0
        self._passed = 0

    def bet(self, key: str) -> tuple[bytes, Version] | None:
        """The record and its version as this process wrote it; None where it did not, or a bet is not worth it."""
        with self._lock:
            if self._luck < 0 and key in self._known:
                self._passed += 1
                if self._passed % RARE:
                    return None
            return self._known.get(key)

    def learn(self, key: str, written: tuple[bytes, Version] | None, *, was_bet: bool) -> None:
        """Remember what was written; None where somebody else was faster."""
        with self._lock:
            if was_bet:
                self._luck = max(self._luck - 2, -2) if written is None else min(self._luck + 1, 4)
            body, _ = self._known.pop(key, (b"", ""))
            self._bytes -= len(body)
            if written is not None:
                self._known[key] = written
                self._bytes += len(written[0])
            while self._bytes > self._most_bytes:
                body, _ = self._known.pop(next(iter(self._known)))
                self._bytes -= len(body)


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
        schema = decoder(_Head).decode(body).schema
        if schema == SCHEMA:
            wire: _Wire[T] = decoder(_Wire[kind]).decode(body)  # type: ignore[valid-type]
            return wire
        problem = f"it has schema {schema}, this version reads {SCHEMA}"
    except UNDECODABLE as error:
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
    memory: Memory | None = None,
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
        memory: Where given, what this process wrote last is written over without being read first, by its version. That
            there is nothing to write is decided on what was read.

    Returns:
        The record as it now stands.

    Raises:
        Contended: Twenty tries were not enough.
        NewerRecord: The stored record is of a later version.
    """
    nonce = secrets.token_hex(8)
    for attempt in range(MOST_TRIES):
        bet = memory.bet(key) if memory is not None and attempt == 0 else None
        found = bet or state.get(key)
        wire = None if found is None else _wire(found[0], kind, key)
        if wire is not None and wire.nonce == nonce:
            return wire.record  # our own write, whose answer got lost
        old = None if wire is None else wire.record
        new = to(old)
        if new is None or new is old:
            if bet is None:
                return old
            continue
        body = encode(new, nonce=nonce)
        written = state.create(key, body) if found is None else state.replace(key, found[1], body)
        if memory is not None:
            memory.learn(key, None if isinstance(written, Lost) else (body, written), was_bet=bet is not None)
        if not isinstance(written, Lost):
            return new
        if bet is not None:
            continue
        pause(random.uniform(PAUSE_SECONDS[0], min(PAUSE_SECONDS[1], 0.04 * 2**attempt)))  # noqa: S311
    raise Contended(f"'{key}' was changed by others {MOST_TRIES} times while it was being written.")
