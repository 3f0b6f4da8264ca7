"""Arrow columns as the kernel's numbers and words, without a copy where there need be none and never through pandas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as types

from nephoscope.drift.profile import Floats, Kind
from nephoscope.errors import BadUsage, Unreadable


class Group(Protocol):
    """Columns of a table that are read together; reading may be repeated."""

    @property
    def fields(self) -> tuple[pa.Field, ...]:
        """Their names and types."""
        ...

    def read(self) -> Iterator[tuple[str, pa.Array]]:
        """Yield pieces of the columns, each piece with its column's name, in the rows' order."""
        ...


class Words(Protocol):
    """What words are counted into."""

    def add(self, words: Sequence[str], counts: Sequence[int]) -> None:
        """Count `words`, each as often as `counts` says."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A table that is open for reading."""

    groups: tuple[Group, ...]
    rows: int | None = None  # where the file says so beforehand

    @property
    def fields(self) -> tuple[pa.Field, ...]:
        """Every column, in the file's order."""
        return tuple(field for group in self.groups for field in group.fields)


def check_names(table: Opened, name: str) -> None:
    """Refuse two columns of one name, which could not be told apart."""
    names = [field.name for field in table.fields]
    if twice := next((one for one, times in Counter(names).items() if times > 1), None):
        raise Unreadable(f"'{name}' has more than one column named {twice!r}.", do="name each column differently")


def kind_of(stored: pa.DataType) -> Kind:
    """How a column of this type is looked at; whether words are text is seen only in the data."""
    if types.is_dictionary(stored):
        return kind_of(stored.value_type)
    if types.is_integer(stored) or types.is_floating(stored) or types.is_decimal(stored) or types.is_duration(stored):
        return Kind.NUMERIC
    if types.is_timestamp(stored) or types.is_date(stored) or types.is_time(stored):
        return Kind.TIME
    if types.is_boolean(stored) or types.is_null(stored) or is_word(stored):
        return Kind.CATEGORICAL
    return Kind.OPAQUE


def is_word(stored: pa.DataType) -> bool:
    """Whether values of this type are words."""
    return bool(types.is_string(stored) or types.is_large_string(stored) or types.is_string_view(stored))


def numbers(array: pa.Array) -> Floats:
    """
    The values of a numeric or time column that are not null, as float64.

    Times and durations become microseconds. Integers beyond 2**53 and decimals are rounded to the nearest double.
    """
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    stored = array.type
    if types.is_decimal(stored):
        array, stored = array.cast(pa.float64(), safe=False), pa.float64()
    values = (
        np.frombuffer(array.buffers()[1], dtype=_dtype(stored))[array.offset : array.offset + len(array)]
        if len(array)
        else np.empty(0)
    )
    if array.null_count:
        values = values[validity(array)]
    return (
        np.multiply(values, _microseconds(stored))
        if _microseconds(stored) != 1.0
        else values.astype(np.float64, copy=False)
    )


_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}


def _microseconds(stored: pa.DataType) -> float:
    if types.is_date32(stored):
        return 86_400e6
    if types.is_date64(stored):
        return 1e3
    return _UNITS[stored.unit] if types.is_temporal(stored) else 1.0


def _dtype(stored: pa.DataType) -> npt.DTypeLike:
    if types.is_temporal(stored):
        return f"i{stored.bit_width // 8}"
    code = "f" if types.is_floating(stored) else "i" if types.is_signed_integer(stored) else "u"
    return f"{code}{stored.bit_width // 8}"


def validity(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values are not null, shape (n,)."""
    bits = array.buffers()[0]
    if bits is None:
        return np.ones(len(array), dtype=np.bool_)
    return _bits(bits, array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, length: int) -> npt.NDArray[np.bool_]:
    start = offset // 8
    octets = np.frombuffer(buffer, dtype=np.uint8)[start : (offset + length + 7) // 8]
    return np.unpackbits(octets, bitorder="little")[offset - 8 * start :][:length].view(np.bool_)


class WordCounts:
    """
    Counts the words of a column piece by piece; nulls are left out.

    Pieces that share a dictionary, as those of one row group do, are counted by its places before any word is touched.
    """

    def __init__(self, tally: Words) -> None:
        self._tally = tally
        self._dictionary: pa.Array | None = None
        self._counts = np.zeros(0, dtype=np.int64)

    def add(self, array: pa.Array) -> None:
        """Count one more piece."""
        if types.is_boolean(array.type):
            self._tally.add(["false", "true"], _truths(array))
        elif not types.is_null(array.type):
            self._add_encoded(array if types.is_dictionary(array.type) else array.dictionary_encode())

    def _add_encoded(self, encoded: pa.DictionaryArray) -> None:
        if self._dictionary is None or not self._dictionary.equals(encoded.dictionary):
            self.flush()
            self._dictionary = encoded.dictionary
            self._counts = np.zeros(len(encoded.dictionary), dtype=np.int64)
        places = indices(encoded)
        if encoded.indices.null_count:
            places = places[validity(encoded.indices)]
        self._counts += np.bincount(places, minlength=len(self._counts))

    def flush(self) -> None:
        """Hand over what was counted so far."""
        if self._dictionary is not None:
            self._tally.add([str(word) for word in self._dictionary.to_pylist()], self._counts.tolist())
        self._dictionary = None


def _truths(array: pa.Array) -> list[int]:
    if not len(array):
        return [0, 0]
    true = int(np.count_nonzero(_bits(array.buffers()[1], array.offset, len(array)) & validity(array)))
    return [len(array) - array.null_count - true, true]


def indices(encoded: pa.DictionaryArray) -> npt.NDArray[np.integer]:
    """Each row's place in the dictionary; anything where it is null."""
    held = encoded.indices
    if not len(held):
        return np.empty(0, dtype=np.int32)
    return np.frombuffer(held.buffers()[1], dtype=_dtype(held.type))[held.offset : held.offset + len(held)]


def as_kind(array: pa.Array, kind: Kind, name: str) -> pa.Array:
    """
    A piece of a column in a type that can be looked at as `kind`.

    Raises:
        BadUsage: Some of its values cannot.
    """
    if kind_of(array.type) is kind or (kind is Kind.TEXT and kind_of(array.type) is Kind.CATEGORICAL):
        return array
    try:
        return _cast(array.dictionary_decode() if types.is_dictionary(array.type) else array, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        do = f"leave the kind of '{name}' to its type"
        raise BadUsage(f"'{name}' ({array.type}) cannot be looked at as {kind}.", do=do) from error


def _cast(array: pa.Array, kind: Kind) -> pa.Array:
    if kind is Kind.NUMERIC and types.is_temporal(array.type):
        return array.cast(pa.int64())
    to = {Kind.NUMERIC: pa.float64(), Kind.TIME: pa.timestamp("us")}
    return array.cast(to.get(kind, pa.string()))
