"""
The same sample of entity keys in every cloud, without the clouds talking to each other.

Each cloud keeps the `size` keys with the smallest hashes of all it ever synced. Such bottom-k sketches merge exactly,
and two clouds that synced the same rows hold the same keys (Cohen & Kaplan, PODC 2007).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nephoscope.features.ragged import Bytes, Ragged, concatenated

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def hashes(keys: Ragged) -> NDArray[np.uint64]:
    """
    Hash each key to 64 bits, the same on every machine.

    The key's words of 8 bytes, little endian, are folded in one after the other by the finalizer of SplitMix64 (Steele,
    Lea & Flood, OOPSLA 2014).
    """
    if keys.width:
        return _hashes_of_one_length(keys.matrix())
    lengths = keys.lengths
    hashed = np.empty(len(keys), dtype=np.uint64)
    for length in np.unique(lengths):
        alike = np.flatnonzero(lengths == length)
        hashed[alike] = _hashes_of_one_length(keys.take(alike).matrix())
    return hashed


def _hashes_of_one_length(matrix: Bytes) -> NDArray[np.uint64]:
    count, length = matrix.shape
    padded = np.zeros((count, -(-length // 8) * 8), dtype=np.uint8)
    padded[:, :length] = matrix
    hashed = np.full(count, length, dtype=np.uint64)
    for word in padded.view("<u8").T:
        hashed = _mixed(hashed ^ word)
    return hashed


def _mixed(hashed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashed = (hashed ^ (hashed >> np.uint64(30))) * _MIX[0]
    hashed = (hashed ^ (hashed >> np.uint64(27))) * _MIX[1]
    return hashed ^ (hashed >> np.uint64(31))


def smallest(keys: Ragged, size: int) -> list[bytes]:
    """Up to `size` distinct keys with the smallest hashes, in the order of their hashes."""
    hashed = hashes(keys)
    _, firsts = np.unique(hashed, return_index=True)
    return keys.take(firsts[:size].astype(np.int64)).rows()


def merged(samples: Iterable[Ragged], size: int) -> list[bytes]:
    """The sample of everything that the samples were drawn from."""
    return smallest(concatenated(list(samples)), size)
