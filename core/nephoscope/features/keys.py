"""Entity keys as every online store of Feast names a row by: serialization version 3, the only one that is written."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from nephoscope.features.columns import Numbers, Texts
from nephoscope.features.ragged import Integers, Ragged, fixed, joined, repeated
from nephoscope.features.value_types import ValueType

VERSION = 3
_PACKED = {ValueType.INT32: "<i4", ValueType.INT64: "<i8", ValueType.UNIX_TIMESTAMP: "<i8"}


def entity_keys(columns: Mapping[str, tuple[ValueType, Numbers | Texts]]) -> Ragged:
    """
    Encode the join keys of each row.

    Args:
        columns: By the join key's name, its type and its values, all of them present.

    >>> [key.hex() for key in entity_keys({"id": (ValueType.INT64, Numbers(np.array([7]), np.array([True])))}).rows()]
    ['010000000200000002000000696404000000080000000700000000000000']

    Source: `feast.infra.key_encoding_utils.serialize_entity_key` of Feast 0.67.
    """
    names = sorted(columns)
    count = len(columns[names[0]][1])
    parts = [repeated(prefix(names), count)]
    for name in names:
        kind, column = columns[name]
        values = _bytes(kind, column)
        parts += [repeated(struct.pack("<I", kind), count), _sizes(values.lengths), values]
    return joined(parts)


def prefix(names: list[str]) -> bytes:
    """What the keys of one set of join keys begin with."""
    encoded = [name.encode() for name in sorted(names)]
    return struct.pack("<I", len(encoded)) + b"".join(
        struct.pack("<II", ValueType.STRING, len(name)) + name for name in encoded
    )


def _bytes(kind: ValueType, column: Numbers | Texts) -> Ragged:
    if isinstance(column, Texts):
        return column.values
    return fixed(column.values.astype(_PACKED[kind])[:, None].view(np.uint8))


def _sizes(lengths: Integers) -> Ragged:
    return fixed(lengths.astype("<u4")[:, None].view(np.uint8))
