"""How many rows of a table repeat a key, by 64-bit hashes of the key's values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as types

from nephoscope.adapters.files.columns import indices, numbers, validity
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.words import digest
from nephoscope.errors import Unreadable

Hashes = npt.NDArray[np.uint64]

_NOTHING = np.uint64(0x9E3779B97F4A7C15)


def duplicate_rows(table: Whole, key: Sequence[str]) -> int | None:
    """
    Count the rows whose key stands in an earlier row as well; None where the table lacks a column of the key.

    Missing values are equal to each other. Two different keys share a hash once in 10**19 pairs.

    Raises:
        Unreadable: A column of the key is nested.
    """
    if not set(key) <= table.fields.keys():
        return None
    hashes: Hashes = np.zeros(table.rows, dtype=np.uint64)
    for name in key:
        try:
            pieces = [_hashed(array) for array in table.pieces(name, kept=True)]
        except pa.ArrowNotImplementedError as error:
            of = f"'{name}' ({table.fields[name].type})"
            what = f"'{table.name}' has a column in its key that tells no rows apart: {of}."
            raise Unreadable(
                what, do="name columns of numbers, times or words as its key", why="NOT_COMPUTABLE"
            ) from error
        hashes = _mixed(hashes ^ np.concatenate(pieces))
    return len(hashes) - len(np.unique(hashes))


def _hashed(array: pa.Array) -> Hashes:
    found = np.full(len(array), _NOTHING, dtype=np.uint64)
    held = validity(array) if not types.is_null(array.type) else np.zeros(len(array), dtype=np.bool_)
    if types.is_floating(array.type):
        found[held] = (numbers(array) + 0.0).view(np.uint64)  # so that -0.0 is 0.0
    elif types.is_integer(array.type) or types.is_temporal(array.type) or types.is_decimal(array.type):
        found[held] = _stored(array)[held]
    elif not types.is_null(array.type):
        found[held] = _hashed_words(array)[held]
    return _mixed(found)


def _stored(array: pa.Array) -> Hashes:
    """Integers, times and decimals to their last digit: as they are stored, of more than 64 bits the hashes."""
    if not len(array):
        return np.zeros(0, dtype=np.uint64)
    width = array.type.bit_width // 8
    octets = np.frombuffer(array.buffers()[1], dtype=np.uint8)[array.offset * width :][: len(array) * width]
    if width <= 8:
        return octets.view(f"u{width}").astype(np.uint64)
    hashes: Hashes = np.zeros(len(array), dtype=np.uint64)
    for word in octets.view(np.uint64).reshape(len(array), -1).T:
        hashes = _mixed(hashes ^ word)
    return hashes


def _hashed_words(array: pa.Array) -> Hashes:
    if types.is_boolean(array.type):
        array = array.cast(pa.string())
    encoded = array if types.is_dictionary(array.type) else array.dictionary_encode()
    words = np.array([int(digest(str(word)), 16) for word in encoded.dictionary.to_pylist()], dtype=np.uint64)
    if not len(words):
        return np.zeros(len(array), dtype=np.uint64)
    places = indices(encoded)
    return words[np.where(validity(encoded.indices), places, 0)]


def _mixed(hashes: Hashes) -> Hashes:
    """Spread every bit over all others (SplitMix64's finaliser: Steele, Lea & Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return hashes ^ (hashes >> np.uint64(31))
