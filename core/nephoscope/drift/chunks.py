"""How rows are cut into chunks: by number, by size, or by periods of a time column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nephoscope.drift.profile import Floats

PERIODS = {"H": "h", "D": "D", "W": "W", "M": "M", "Q": "M", "Y": "Y"}  # by numpy's units
_MONDAY = np.datetime64("1970-01-05", "D")

Slices = list[slice]


@dataclass(frozen=True, slots=True)
class Cut:
    """The order of a table's rows, None where it stays, and the chunks of them."""

    order: npt.NDArray[np.intp] | None
    slices: Slices

    def known(self, values: Floats) -> list[Floats]:
        """
        A column in chunks, without its missing values.

        >>> [part.tolist() for part in Cut(None, by_size(3, 2)).known(np.array([1.0, np.nan, 3.0]))]
        [[1.0], [3.0]]
        """
        ordered = values if self.order is None else values[self.order]
        pieces = [ordered[one] for one in self.slices]
        return [piece[~np.isnan(piece)] for piece in pieces]


def by_size(rows: int, size: int) -> Slices:
    """
    Chunks of `size` rows, the last one of what is left.

    >>> [(one.start, one.stop) for one in by_size(5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def by_number(rows: int, number: int) -> Slices:
    """
    `number` chunks of one size, and one more of what is left.

    >>> [(one.start, one.stop) for one in by_number(7, 3)]
    [(0, 2), (2, 4), (4, 6), (6, 7)]
    """
    return by_size(rows, max(rows // number, 1))


def by_period(times: Floats, period: str) -> Cut:
    """
    A chunk for each period that has rows; rows without a time are in none.

    Args:
        times: Microseconds since 1970 in UTC, NaN where there is none, shape (n,).
        period: One of H, D, W (from Monday), M, Q, Y.
    """
    order = np.argsort(times, kind="stable")
    order = order[: np.count_nonzero(~np.isnan(times))]
    labels = _labels(times[order].astype(np.int64).view("datetime64[us]"), period)
    starts = np.concatenate(([0], np.nonzero(labels[1:] != labels[:-1])[0] + 1, [len(labels)])) if len(labels) else [0]
    return Cut(order, [slice(int(start), int(end)) for start, end in pairwise(starts)])


def _labels(times: npt.NDArray[np.datetime64], period: str) -> npt.NDArray[np.int64]:
    if period == "W":
        return (times.astype("datetime64[D]") - _MONDAY).astype(np.int64) // 7
    labels = times.astype(f"datetime64[{PERIODS[period]}]").astype(np.int64)
    return labels // 3 if period == "Q" else labels
