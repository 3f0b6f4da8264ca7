"""
Protocol buffers read field by field, without their classes.

Feast's registry holds pickled functions beside plain descriptions, and Feast's own reader runs them. This reader knows
no classes and runs nothing: a field is a number and either an integer or bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from nephoscope.errors import Unreadable

Fields: TypeAlias = dict[int, list[int | bytes]]

_FIXED_BYTES = {1: 8, 5: 4}


def fields(message: bytes) -> Fields:
    """
    Read a message one level deep, its fields in the order in which they first appear.

    Raises:
        Unreadable: It is cut short or no protocol buffer.

    >>> fields(bytes.fromhex("0a03616263" "1001"))
    {1: [b'abc'], 2: [1]}
    """
    found: Fields = {}
    for number, value, _ in records(message):
        found.setdefault(number, []).append(value)
    return found


def records(message: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """
    Each field of a message: its number, its value, and its own bytes.

    Raises:
        Unreadable: As `fields` does.
    """
    at = 0
    while at < len(message):
        start = at
        key, at = varint(message, at)
        value: int | bytes
        if key & 7 == 0:
            value, at = varint(message, at)
        else:
            length, at = varint(message, at) if key & 7 == 2 else (_FIXED_BYTES.get(key & 7, -1), at)
            value, at = message[at : at + length], at + length
            if length < 0 or at > len(message):
                raise _cut(start)
        yield key >> 3, value, message[start:at]


def varint(message: bytes, at: int) -> tuple[int, int]:
    """
    Read one variable-length integer.

    Returns:
        The number, unsigned, and where the next thing begins.
    """
    number = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise _cut(at)
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def text(found: Fields, number: int) -> str:
    """A field of text; empty where it is not there, as the format defines it."""
    value = found.get(number, [b""])[-1]
    return value.decode() if isinstance(value, bytes) else str(value)


def integer(found: Fields, number: int) -> int:
    """A field of integers, signed; 0 where it is not there."""
    value = found.get(number, [0])[-1]
    return int.from_bytes(value, "little") if isinstance(value, bytes) else signed(value)


def message(found: Fields, number: int) -> bytes | None:
    """A field that is a message; None where it is not there."""
    value = found.get(number, [None])[-1]
    return value if isinstance(value, bytes) else None


def messages(found: Fields, number: int) -> list[bytes]:
    """A repeated field of messages or texts."""
    return [value for value in found.get(number, []) if isinstance(value, bytes)]


def signed(number: int) -> int:
    """
    Read an unsigned 64-bit integer as two's complement.

    >>> signed(5), signed(2**64 - 1)
    (5, -1)
    """
    return number - (1 << 64) if number >> 63 else number


def _cut(at: int) -> Unreadable:
    return Unreadable(f"A protocol buffer is cut or malformed at byte {at}.", do="restore it from its history")
