"""Arrow columns as the encoder of features takes them; None where only Feast's own conversion knows what is meant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as types

from nephoscope.adapters.files.columns import validity
from nephoscope.features.columns import Lists, Numbers, Plain, Texts
from nephoscope.features.ragged import Integers, Ragged
from nephoscope.features.value_types import ValueType, item_of

_INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())
_ALLOWED: Mapping[ValueType, tuple[pa.DataType, ...]] = {
    ValueType.INT32: _INTEGERS[:5],
    ValueType.INT64: _INTEGERS,
    ValueType.DOUBLE: (pa.float64(),),
    ValueType.FLOAT: (pa.float32(), pa.float64()),
    ValueType.BOOL: (pa.bool_(),),
}
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def plain(array: pa.Array, kind: ValueType) -> Plain | None:
    """Take a column apart by its declared type; None where its stored type is no plain spelling of that."""
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    item = item_of(kind)
    return _scalars(array, kind) if item is None else _lists(array, item)


def microseconds(array: pa.Array) -> tuple[Integers, npt.NDArray[np.bool_]] | None:
    """A column of times since 1970 and what of it is present; times without a zone are UTC. None for other types."""
    if not types.is_timestamp(array.type):
        return None
    per_second = _PER_SECOND[array.type.unit]
    ticks = _buffer(array, np.int64).astype(np.int64, copy=False)
    if per_second == 1_000_000:
        return ticks, validity(array)
    return ticks * (1_000_000 // per_second) if per_second < 1_000_000 else ticks // 1_000, validity(array)


def numbers(array: pa.Array) -> npt.NDArray[np.generic]:
    """A column of numbers as it is stored, anything where it is null; never through pandas."""
    code = "f" if types.is_floating(array.type) else "i" if types.is_signed_integer(array.type) else "u"
    return _buffer(array, f"{code}{array.type.bit_width // 8}")


def _scalars(array: pa.Array, kind: ValueType) -> Numbers | Texts | None:
    if kind is ValueType.STRING:
        return _texts(array) if types.is_string(array.type) or types.is_large_string(array.type) else None
    if kind is ValueType.BYTES:
        return _texts(array) if types.is_binary(array.type) or types.is_large_binary(array.type) else None
    if kind is ValueType.UNIX_TIMESTAMP:
        return _seconds(array)
    if array.type not in _ALLOWED[kind]:
        return None
    if kind is ValueType.BOOL:
        return Numbers(_buffer(array.cast(pa.uint8()), np.uint8).astype(np.bool_), validity(array))
    found = Numbers(numbers(array), validity(array))
    if kind is ValueType.INT32 and not _fits_32_bits(found):
        return None
    return Numbers(found.values.astype(np.float32), found.present) if kind is ValueType.FLOAT else found


def _seconds(array: pa.Array) -> Numbers | None:
    if array.type == pa.int64():
        return Numbers(_buffer(array, np.int64), validity(array))
    if not types.is_timestamp(array.type):
        return None
    return Numbers(_buffer(array, np.int64) // _PER_SECOND[array.type.unit], validity(array))


def _cut_seconds(array: pa.TimestampArray) -> Numbers | None:
    """
    Times within a list: seconds cut towards 0, where those of a scalar are floored.

    Source: `int(value.timestamp())` in `feast.type_map._python_datetime_to_int_timestamp` of Feast 0.67.
    """
    found = microseconds(array)
    return found and Numbers(np.trunc(found[0] / 1_000_000).astype(np.int64), found[1])


def _texts(array: pa.Array) -> Texts:
    wide = types.is_large_string(array.type) or types.is_large_binary(array.type)
    _, offsets, data = array.buffers()
    ends = _between(offsets, np.int64 if wide else np.int32, array.offset, len(array) + 1).astype(np.int64)
    content = np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return Texts(Ragged(content[ends[0] : ends[-1]], ends - ends[0]), validity(array))


def _lists(array: pa.Array, item: ValueType) -> Lists | None:
    if not (types.is_list(array.type) or types.is_large_list(array.type)) or array.values.null_count:
        return None
    offsets = _between(
        array.buffers()[1], np.int32 if types.is_list(array.type) else np.int64, array.offset, len(array) + 1
    ).astype(np.int64)
    held = array.values.slice(offsets[0], offsets[-1] - offsets[0])
    cut = item is ValueType.UNIX_TIMESTAMP and types.is_timestamp(held.type)
    items = _cut_seconds(held) if cut else _scalars(held, item)
    return None if items is None else Lists(items, offsets - offsets[0], validity(array))


def _fits_32_bits(numbers: Numbers) -> bool:
    held = numbers.values[numbers.present]
    return not len(held) or bool(held.min() >= -(2**31) and held.max() < 2**31)


def _buffer(array: pa.Array, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    return _between(array.buffers()[1], dtype, array.offset, len(array))


def _between(buffer: pa.Buffer | None, dtype: npt.DTypeLike, start: int, count: int) -> npt.NDArray[np.generic]:
    if buffer is None or not buffer.size:
        return np.zeros(count, dtype=dtype)
    return np.frombuffer(buffer, dtype=dtype, count=start + count)[start:]
