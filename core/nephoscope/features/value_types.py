"""The types of features, as Feast's registry numbers them, and which of them are encoded here."""

from __future__ import annotations

from enum import IntEnum


class ValueType(IntEnum):
    """The number is that of `feast.types.ValueType.Enum`, and of the same type's field in `feast.types.Value`."""

    BYTES = 1
    STRING = 2
    INT32 = 3
    INT64 = 4
    DOUBLE = 5
    FLOAT = 6
    BOOL = 7
    UNIX_TIMESTAMP = 8
    BYTES_LIST = 11
    STRING_LIST = 12
    INT32_LIST = 13
    INT64_LIST = 14
    DOUBLE_LIST = 15
    FLOAT_LIST = 16
    BOOL_LIST = 17
    UNIX_TIMESTAMP_LIST = 18


KEY_TYPES = frozenset({ValueType.BYTES, ValueType.STRING, ValueType.INT32, ValueType.INT64, ValueType.UNIX_TIMESTAMP})
"""What Feast can make an entity's key of."""

_NAMES = {
    19: "NULL", 20: "MAP", 21: "MAP_LIST", 22: "BYTES_SET", 23: "STRING_SET", 24: "INT32_SET", 25: "INT64_SET",
    26: "DOUBLE_SET", 27: "FLOAT_SET", 28: "BOOL_SET", 29: "UNIX_TIMESTAMP_SET", 32: "JSON", 33: "JSON_LIST",
    34: "STRUCT", 35: "STRUCT_LIST", 36: "UUID", 37: "TIME_UUID", 38: "UUID_LIST", 39: "TIME_UUID_LIST",
    40: "UUID_SET", 41: "TIME_UUID_SET", 42: "VALUE_LIST", 43: "VALUE_SET", 44: "DECIMAL", 45: "DECIMAL_LIST",
    46: "DECIMAL_SET", 47: "SCALAR_MAP", 48: "ZONED_TIMESTAMP",
}  # fmt: skip

SETS = frozenset(number for number, called in _NAMES.items() if called.endswith("_SET"))
"""The types whose items have no order of their own."""


def known(number: int) -> ValueType | None:
    """The type of a number; None where the encoder does not know it, so that Feast's own has to be used."""
    return ValueType(number) if number in ValueType._value2member_map_ else None


def name(number: int) -> str:
    """
    Feast's name of a type.

    >>> name(4), name(20), name(99)
    ('INT64', 'MAP', '99')
    """
    found = known(number)
    return found.name if found else _NAMES.get(number, str(number))


def item_of(kind: ValueType) -> ValueType | None:
    """
    What a list is made of; None for a scalar.

    >>> item_of(ValueType.INT64_LIST).name, item_of(ValueType.INT64)
    ('INT64', None)
    """
    return ValueType(kind - 10) if kind > 10 else None
