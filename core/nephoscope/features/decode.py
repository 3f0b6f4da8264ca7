"""One stored value, read back as Python's own."""

from __future__ import annotations

import struct
from typing import Any

from nephoscope.features.value_types import ValueType, known
from nephoscope.features.values import NO_TIME
from nephoscope.features.wire import fields, messages, signed, varint

_PACKED = {ValueType.DOUBLE: "d", ValueType.FLOAT: "f"}


def decoded(value: bytes) -> tuple[ValueType | None, Any]:
    """
    Decode a serialized `feast.types.Value`.

    Returns:
        Its type and what it holds; the type None where this encoder does not know it (the value is then its bytes), and
        (None, None) where it is absent.

    >>> decoded(b" )"), decoded(b"")
    ((<ValueType.INT64: 4>, 41), (None, None))
    """
    found = fields(value)
    if not found:
        return None, None
    number, held = next(iter(found.items()))
    kind = known(number)
    if kind is None:
        return None, value
    if kind > 10 and isinstance(held[-1], bytes):
        return kind, _items(ValueType(kind - 10), held[-1])
    return kind, _scalar(kind, held[-1])


def _scalar(kind: ValueType, held: int | bytes) -> Any:
    if isinstance(held, int):
        number = signed(held)
        if kind is ValueType.UNIX_TIMESTAMP and number == NO_TIME:
            return None
        return bool(number) if kind is ValueType.BOOL else number
    if kind in _PACKED:
        return struct.unpack(f"<{_PACKED[kind]}", held)[0]
    return held.decode() if kind is ValueType.STRING else held


def _items(kind: ValueType, message: bytes) -> list[Any]:
    parts = messages(fields(message), 1)
    if kind in (ValueType.STRING, ValueType.BYTES):
        return [_scalar(kind, part) for part in parts]
    packed = b"".join(parts)
    if kind in _PACKED:
        return [number for (number,) in struct.iter_unpack(f"<{_PACKED[kind]}", packed)]
    items, at = [], 0
    while at < len(packed):
        number, at = varint(packed, at)
        items.append(_scalar(kind, number))
    return items
