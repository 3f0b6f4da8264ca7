"""
Which bin each value falls into, by a lookup table instead of a search.

The range of the edges is cut into equal cells; a cell knows how many edges lie below it and the first two edges in it.
A value's cell is one multiplication away and its bin at most two comparisons more; only cells that hold three or more
edges are searched. The result is exactly `numpy.searchsorted(edges, values, side="right")`, because the function from
value to cell never decreases: rounding moves values and edges alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nephoscope.drift.profile import Floats

CELLS = 8192
BATCH = 16_384  # values at once: the working set stays in a core's second-level cache


@dataclass(frozen=True, slots=True, eq=False)
class Binning:
    """The lookup table of a set of edges."""

    edges: Floats
    pivot: float  # a value in the middle: differences to it keep their precision
    scale: float  # cells per unit
    offset: float  # the cell of the pivot
    below: npt.NDArray[np.intp]  # edges below each cell, shape (cells,)
    first: Floats  # the first edge in each cell, +inf where there is none
    second: Floats | None  # the second one; None where no cell has two
    crowded: npt.NDArray[np.bool_] | None  # cells of three and more edges; None where there are none

    @classmethod
    def of(cls, edges: Floats, *, cells: int = CELLS) -> Binning:
        """Build the table for strictly ascending, finite edges, shape (k,), k ≥ 0."""
        pivot = float(edges[len(edges) // 2]) if len(edges) else 0.0
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            width = float(edges[-1] - edges[0]) if len(edges) > 1 else 0.0
            scale = (cells - 2) / width if np.isfinite(width) and width > 1e-300 else 0.0
            offset = 1.0 + (pivot - float(edges[0])) * scale if len(edges) else 0.0
            cell = cell_of(edges - pivot, scale, offset, cells)
        held = np.bincount(cell, minlength=cells)
        below = np.concatenate(([0], np.cumsum(held)[:-1])).astype(np.intp)
        padded = np.concatenate((edges, [np.inf, np.inf]))
        return cls(
            edges=edges,
            pivot=pivot,
            scale=scale,
            offset=offset,
            below=below,
            first=np.where(held >= 1, padded[below], np.inf),
            second=np.where(held >= 2, padded[np.minimum(below + 1, len(edges))], np.inf) if held.max() >= 2 else None,
            crowded=held >= 3 if held.max() >= 3 else None,
        )

    def bins(self, values: Floats, differences: Floats) -> npt.NDArray[np.intp]:
        """
        The bin of each value, 0 … k.

        Args:
            values: Finite values, shape (n,).
            differences: The same minus the pivot, shape (n,); overwritten.
        """
        cell = cell_of(differences, self.scale, self.offset, len(self.below), out=differences)
        bins = self.below[cell]
        bins += values >= self.first[cell]
        if self.second is not None:
            bins += values >= self.second[cell]
        if self.crowded is not None:
            (where,) = np.nonzero(self.crowded[cell])
            if len(where):
                bins[where] = np.searchsorted(self.edges, values[where], side="right")
        return bins


def cell_of(
    differences: Floats, scale: float, offset: float, cells: int, *, out: Floats | None = None
) -> npt.NDArray[np.intp]:
    """The cell of each difference to the pivot, 0 … cells - 1; never decreasing in the difference."""
    place = np.multiply(differences, scale, out=out)
    place += offset
    np.fmax(place, 0.0, out=place)
    np.fmin(place, cells - 1, out=place)
    return place.astype(np.intp)
