"""Protocol buffers' variable-length integers, a whole column at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nephoscope.features.ragged import Ragged, left_aligned

MOST_BYTES = 10
_SHIFTS = np.arange(0, 7 * MOST_BYTES, 7, dtype=np.uint64)
_STEPS = np.array([1 << shift for shift in range(7, 64, 7)], dtype=np.uint64)


def varints(numbers: NDArray[Any]) -> Ragged:
    """
    Write each number as a varint; negative ones take ten bytes, as two's complement of 64 bits.

    Args:
        numbers: Signed or unsigned integers of up to 64 bits, shape (rows,).

    >>> varints(np.array([1, 150, -1])).rows()
    [b'\\x01', b'\\x96\\x01', b'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x01']

    Source: Protocol Buffers, "Encoding", section Base 128 Varints.
    """
    bits = numbers.astype(np.int64).view(np.uint64)
    lengths = np.searchsorted(_STEPS, bits, side="right").astype(np.int64) + 1
    widest = int(lengths.max(initial=1))
    groups = (bits[:, None] >> _SHIFTS[:widest]).astype(np.uint8) & np.uint8(0x7F)
    more = np.arange(widest) < (lengths - 1)[:, None]
    return left_aligned(groups | (more.astype(np.uint8) << np.uint8(7)), lengths)


def encoded(number: int) -> bytes:
    """
    Write one number.

    >>> encoded(150)
    b'\\x96\\x01'
    """
    return varints(np.array([number])).data.tobytes()
