"""
Feature values as Feast stores them: the message `feast.types.Value`, encoded a whole column at a time.

The message is a oneof, so a value that equals its type's default is written all the same, and what is absent is the
empty message. Two rules are Feast's own: NaN is absent, and an absent time is the least integer of 64 bits.
"""

from __future__ import annotations

import numpy as np

from nephoscope.features.columns import Lists, Numbers, Plain, Texts
from nephoscope.features.ragged import Ragged, blanked, fixed, joined, repeated
from nephoscope.features.value_types import ValueType, item_of
from nephoscope.features.varint import encoded, varints

NO_TIME = np.iinfo(np.int64).min
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

_WIRE = {
    ValueType.INT32: VARINT,
    ValueType.INT64: VARINT,
    ValueType.BOOL: VARINT,
    ValueType.UNIX_TIMESTAMP: VARINT,
    ValueType.DOUBLE: FIXED64,
    ValueType.FLOAT: FIXED32,
    ValueType.STRING: LENGTH,
    ValueType.BYTES: LENGTH,
}
_FIXED = {ValueType.DOUBLE: "<f8", ValueType.FLOAT: "<f4"}


def values(kind: ValueType, column: Plain) -> Ragged:
    """
    Encode a column of features.

    Args:
        kind: The features' type.
        column: `Lists` for a type that is a list, `Texts` for STRING and BYTES, `Numbers` for the others.

    Returns:
        One serialized `feast.types.Value` a row; empty where nothing is present.

    >>> ages = Numbers(np.array([41, 0]), np.array([True, False]))
    >>> values(ValueType.INT64, ages).rows()
    [b' )', b'']

    Source: feast/types/Value.proto; `feast.type_map.python_values_to_proto_values` of Feast 0.67.
    """
    count = len(column)
    if isinstance(column, Lists):
        payload = framed(_message(kind, column))
        return blanked(joined([repeated(tag(kind, LENGTH), count), payload]), column.present)
    if kind is ValueType.UNIX_TIMESTAMP and isinstance(column, Numbers):
        column = Numbers(np.where(column.present, column.values, NO_TIME), np.ones(count, dtype=np.bool_))
    present = column.present
    if isinstance(column, Numbers) and column.values.dtype.kind == "f":
        present = present & ~np.isnan(column.values)
    return blanked(joined([repeated(tag(kind, _WIRE[kind]), count), _payload(kind, column)]), present)


def _message(kind: ValueType, column: Lists) -> Ragged:
    """The lists' own messages: numbers are packed, texts are repeated."""
    item = item_of(kind)
    assert item is not None, kind  # noqa: S101
    packed = _WIRE[item] != LENGTH
    items = _payload(item, column.items)
    if not packed:
        items = joined([repeated(tag(1, LENGTH), len(items)), items])
    lists = Ragged(items.data, items.offsets[column.offsets])
    if not packed:
        return lists
    return blanked(joined([repeated(tag(1, LENGTH), len(lists)), framed(lists)]), lists.lengths > 0)


def _payload(kind: ValueType, column: Numbers | Texts) -> Ragged:
    if isinstance(column, Texts):
        return framed(column.values)
    if kind in _FIXED:
        return fixed(column.values.astype(_FIXED[kind])[:, None].view(np.uint8))
    if kind is ValueType.BOOL:
        return fixed(column.values.astype(np.uint8)[:, None])
    return varints(column.values)


def framed(column: Ragged) -> Ragged:
    """Each row after its own length."""
    return joined([varints(column.lengths), column])


def tag(field: int, wire: int) -> bytes:
    """
    What announces a field.

    >>> tag(4, VARINT), tag(18, LENGTH)
    (b' ', b'\\x92\\x01')
    """
    return encoded(field << 3 | wire)
