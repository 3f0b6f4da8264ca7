"""
Sets in one order: Feast writes a set's items as Python's own `set` gives them, which is another order in every process.

Values are compared byte for byte, between clouds and between what is stored and what comes in, so items are put in the
order of their bytes.
"""

from __future__ import annotations

from nephoscope.errors import Unreadable
from nephoscope.features.value_types import SETS, name
from nephoscope.features.values import LENGTH, tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import fields, messages, records, varint

_BYTES_EACH = {"DOUBLE_SET": 8, "FLOAT_SET": 4}
_VARINTS = frozenset({"INT32_SET", "INT64_SET", "BOOL_SET", "UNIX_TIMESTAMP_SET"})


def settled(value: bytes) -> bytes:
    """
    Put the items of a serialized `feast.types.Value` that is a set in one order; whatever else it is stays as it is.

    >>> settled(bytes.fromhex("ba01060a01620a0161")).hex(), settled(bytes.fromhex("ca01040a020201")).hex()
    ('ba01060a01610a0162', 'ca01040a020102')

    Source: feast/types/Value.proto of Feast 0.67.
    """
    try:
        number = varint(value, 0)[0] >> 3
        if number not in SETS:
            return value
        (held,) = messages(fields(value), number)
        return _field(number, _ordered(name(number), held))
    except (Unreadable, ValueError):  # no value of Feast's: it is compared as it is
        return value


def _ordered(kind: str, message: bytes) -> bytes:
    """The set's own message: numbers are packed, texts and values are repeated."""
    if kind not in _VARINTS and kind not in _BYTES_EACH:
        return b"".join(sorted(part for _, _, part in records(message)))
    items = sorted(_items(kind, b"".join(messages(fields(message), 1))))
    return _field(1, b"".join(items)) if items else b""


def _items(kind: str, packed: bytes) -> list[bytes]:
    items, at = [], 0
    while at < len(packed):
        end = varint(packed, at)[1] if kind in _VARINTS else at + _BYTES_EACH[kind]
        items.append(packed[at:end])
        at = end
    return items


def _field(number: int, body: bytes) -> bytes:
    return tag(number, LENGTH) + encoded(len(body)) + body
