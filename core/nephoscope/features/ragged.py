"""
Columns of byte strings of different lengths, as numpy holds them: all bytes in one array, and where each row ends.

Everything that is stored online is such a column; building one byte string at a time is what makes a row-by-row writer
slow, so rows are cut, joined and framed here for a whole batch at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ragged:
    """Byte strings; row i is `data[offsets[i]:offsets[i + 1]]`."""

    data: Bytes  # shape (bytes,)
    offsets: Integers  # shape (rows + 1,), ascending from 0

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def width(self) -> int | None:
        """The length of every row; None where they differ."""
        count, total = len(self), int(self.offsets[-1] - self.offsets[0])
        if count == 0 or total % count:
            return None
        length = total // count
        return length if bool((self.lengths == length).all()) else None

    @property
    def lengths(self) -> Integers:
        """The length of each row, in bytes."""
        return np.diff(self.offsets)

    def matrix(self) -> Bytes:
        """Rows of one length as shape (rows, length)."""
        return self.data[self.offsets[0] : self.offsets[-1]].reshape(len(self), self.width or 0)

    def rows(self) -> list[bytes]:
        """Each row as Python's bytes."""
        whole = self.data.tobytes()
        return [whole[start:end] for start, end in pairwise(self.offsets.tolist())]

    def take(self, chosen: Mask | Integers) -> Ragged:
        """The rows under a mask, or at positions."""
        positions = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        lengths = self.lengths[positions]
        return Ragged(self.data[_spread(self.offsets[positions], lengths)], ends(lengths))


def of_rows(rows: Iterable[bytes]) -> Ragged:
    """
    Collect Python's bytes.

    >>> of_rows([b"a", b"", b"bc"]).rows()
    [b'a', b'', b'bc']
    """
    listed = list(rows)
    lengths = np.fromiter(map(len, listed), dtype=np.int64, count=len(listed))
    return Ragged(np.frombuffer(b"".join(listed), dtype=np.uint8), ends(lengths))


def repeated(row: bytes, count: int) -> Ragged:
    """The same byte string in every row."""
    data = np.tile(np.frombuffer(row, dtype=np.uint8), count)
    return Ragged(data, np.arange(count + 1, dtype=np.int64) * len(row))


def fixed(matrix: Bytes) -> Ragged:
    """Rows of one length, from shape (rows, length)."""
    count, length = matrix.shape
    return Ragged(np.ascontiguousarray(matrix).reshape(-1), np.arange(count + 1, dtype=np.int64) * length)


def left_aligned(matrix: Bytes, lengths: Integers) -> Ragged:
    """The first `lengths[i]` bytes of row i, from shape (rows, most bytes)."""
    used = np.arange(matrix.shape[1]) < lengths[:, None]
    return Ragged(matrix[used], ends(lengths))


def blanked(column: Ragged, present: Mask) -> Ragged:
    """The column with empty rows where nothing is present."""
    if bool(present.all()):
        return column
    lengths = np.where(present, column.lengths, 0)
    return Ragged(column.data[np.repeat(present, column.lengths)], ends(lengths))


def joined(columns: Sequence[Ragged]) -> Ragged:
    """
    Each row of the first column, followed by the same row of the second, and so on.

    >>> joined([of_rows([b"a", b"b"]), repeated(b"=", 2), of_rows([b"", b"12"])]).rows()
    [b'a=', b'b=12']
    """
    widths = [column.width for column in columns]
    if None not in widths:
        return fixed(np.hstack([column.matrix() for column in columns]))
    lengths: Integers = np.sum([column.lengths for column in columns], axis=0, dtype=np.int64)
    offsets = ends(lengths)
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    starts = offsets[:-1].copy()
    for column in columns:
        data[_spread(starts, column.lengths)] = column.data[column.offsets[0] : column.offsets[-1]]
        starts += column.lengths
    return Ragged(data, offsets)


def concatenated(parts: Sequence[Ragged]) -> Ragged:
    """The rows of the first part, then those of the second, and so on."""
    lengths = np.concatenate([part.lengths for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    data = np.concatenate([part.data[part.offsets[0] : part.offsets[-1]] for part in parts]) if parts else _NOTHING
    return Ragged(data, ends(lengths))


def ends(lengths: Integers) -> Integers:
    """
    Offsets of rows of the given lengths.

    >>> ends(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _spread(starts: Integers, lengths: Integers) -> Integers:
    """The position of every byte of rows that begin at `starts`, row after row."""
    offsets = ends(lengths)
    return np.repeat(starts - offsets[:-1], lengths) + np.arange(int(offsets[-1]), dtype=np.int64)


_NOTHING: Bytes = np.zeros(0, dtype=np.uint8)
