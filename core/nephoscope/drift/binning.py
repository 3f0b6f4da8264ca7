"""
Which bin each value falls into, by a lookup table instead of a search.

The range of nearly all edges is cut into equal cells; a value's cell is one subtraction and one multiplication away. A
cell without an edge lies in one bin, which a table tells. Where most values have bins of their own, as integers and
codes have, the table tells instead the one value that is expected in the cell, and its bin. The few values that are not
told so are looked at again: starting from the edges below the cell, "is the value at or above the next edge?" is asked
twice. Only in cells of three edges and more, above all in the outermost two, which hold whatever lies beyond, a value
is searched for.

The result is exactly `numpy.searchsorted(edges, values, side="right")`: the function from value to cell never
decreases, since rounding moves values and edges alike, so an edge in a lower cell is below the value, one in a higher
cell above it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nephoscope.drift.profile import Counts, Flags, Floats, just_above

BATCH = 16_384  # values at once: the working set stays in a core's second-level cache
CELLS_PER_EDGE = 8
FEWEST_CELLS, MOST_CELLS = 4_096, 65_536
CROWDED = 3  # edges in a cell from which on it is searched
FARTHEST = 2.0**62  # a cell's number beyond this would not fit an integer
# Shares of the values that the cells may leave to the outermost ones, below and above; the cheapest pair is taken.
TRIMS = ((0.0, 0.0), (0.001, 0.001), (0.01, 0.01), (0.0, 0.01), (0.01, 0.0), (0.05, 0.05), (0.0, 0.05), (0.05, 0.0))

Places = npt.NDArray[np.intp]


def quiet() -> np.errstate:
    """Around whatever bins values: what overflows ends in the outermost cell, where it belongs, without a warning."""
    return np.errstate(over="ignore", under="ignore", invalid="ignore")


class Binning:
    """The lookup table of a set of edges, with room for one batch of values."""

    def __init__(self, edges: Floats, masses: Counts | Floats | None = None) -> None:
        """
        Build the table.

        Args:
            edges: Strictly ascending and finite, shape (k,), k ≥ 0.
            masses: How many values are expected in each bin, shape (k + 1,); they decide about speed alone.
        """
        self.edges = edges
        self.origin = self._scale = 0.0  # where the cells begin, and how many there are per unit; 0: there are none
        self._cells = int(min(max(CELLS_PER_EDGE * len(edges), FEWEST_CELLS), MOST_CELLS))
        self._padded = np.append(edges, np.inf)
        masses = np.ones(len(edges) + 1) if masses is None or not masses.any() else masses
        self._choose_line(masses)
        if self._scale:
            self._fill_tables(masses)
        self._scaled = np.empty(BATCH)
        self._cell = np.empty(BATCH, dtype=np.intp)
        self._bins = np.empty(BATCH, dtype=np.intp)
        self._doubtful = np.empty(BATCH, dtype=np.bool_)

    def _fill_tables(self, masses: Counts | Floats) -> None:
        """For each cell the edges below it, its bin where that is sure, and the value that is expected in it."""
        held = self._held()
        self._below = np.concatenate(([0], np.cumsum(held)[:-1])).astype(np.intp)
        self._crowded = np.zeros(len(self.edges) + 1, dtype=np.bool_)
        self._crowded[self._below[held >= CROWDED]] = True
        self._any_crowded = bool(self._crowded.any())
        self._passes = min(int(held.max()), CROWDED - 1)
        self._bin = np.where(held > 0, -1, self._below)
        self._expected: Floats | None = None
        own = np.nonzero(self.edges[1:] == just_above(self.edges[:-1]))[0]  # bins that hold a single value
        if 2 * masses[own + 1].sum() > masses.sum():
            own = own[np.argsort(masses[own + 1], kind="stable")]  # of two in one cell the commoner one is the last
            cells = self._edge_cells()[own]
            self._expected = np.full(self._cells, np.nan)
            self._expected[cells] = self.edges[own]
            self._bin[cells] = own + 1

    def _choose_line(self, masses: Counts | Floats) -> None:
        """Choose the cells' place and width so that few values are searched for."""
        below = np.cumsum(masses)[:-1] / masses.sum()
        costs = {}
        for low, high in TRIMS:
            first, last = np.searchsorted(below, low), np.searchsorted(below, 1 - high, side="right") - 1
            self.origin, self._scale = line = self._line(int(first), int(last))
            if self._scale and line not in costs:
                crowded = self._held()[self._edge_cells()] >= CROWDED
                costs[line] = float(masses[1:][crowded].sum())
                if not costs[line]:
                    break
        self.origin, self._scale = min(costs, key=lambda line: costs[line], default=(0.0, 0.0))

    def _line(self, first: int, last: int) -> tuple[float, float]:
        """Where cells from edge to edge begin and how many there are per unit; 0 where these are too few or far."""
        if not 0 <= first < last < len(self.edges):
            return 0.0, 0.0
        low, width = float(self.edges[first]), float(self.edges[last]) - float(self.edges[first])
        cell = width / (self._cells - 2)
        if not cell or not math.isfinite(1 / cell) or not math.isfinite(low - cell):
            return 0.0, 0.0
        return low - cell, 1 / cell

    def _edge_cells(self) -> Places:
        cells = np.empty(len(self.edges), dtype=np.intp)
        with quiet():
            differences = self.edges - self.origin
            self._write_cells(differences, cells, np.empty(len(cells)), float(differences[-1]))
        return np.clip(cells, 0, self._cells - 1)

    def _held(self) -> Places:
        """How many edges each cell holds."""
        return np.bincount(self._edge_cells(), minlength=self._cells)

    def _write_cells(self, differences: Floats, cell: Places, scaled: Floats, greatest: float) -> None:
        """Write the cell of each difference to the origin, beyond the outermost ones too."""
        np.multiply(differences, self._scale, out=scaled)
        if not greatest * self._scale < FARTHEST:
            np.minimum(scaled, FARTHEST, out=scaled)
        np.copyto(cell, scaled, casting="unsafe")  # what is too small becomes the least integer

    def bins(self, values: Floats, differences: Floats, greatest: float) -> Places:
        """
        The bin of each value, 0 … k.

        Args:
            values: Finite values, shape (n,), n ≤ `BATCH`.
            differences: The same minus the origin, shape (n,).
            greatest: The greatest difference.

        Returns:
            Shape (n,); overwritten by the next call.
        """
        if not self._scale:
            return np.searchsorted(self.edges, values, side="right")
        size = len(values)
        cell, bins = self._cell[:size], self._bins[:size]
        self._write_cells(differences, cell, self._scaled[:size], greatest)
        self._bin.take(cell, out=bins, mode="clip")
        doubtful = self._told_apart(values, cell, bins).nonzero()[0]
        if len(doubtful):
            below = self._below.take(cell.take(doubtful), mode="clip")
            bins[doubtful] = self._looked_at(values.take(doubtful), below)
        return bins

    def _told_apart(self, values: Floats, cell: Places, bins: Places) -> Flags:
        """Which values the table does not tell the bin of."""
        size = len(values)
        if self._expected is None:
            return np.less(bins, 0, out=self._doubtful[:size])
        expected = self._expected.take(cell, out=self._scaled[:size], mode="clip")
        return np.not_equal(values, expected, out=self._doubtful[:size])

    def _looked_at(self, values: Floats, below: Places) -> Places:
        """The bins of values of which so many edges are known to be below."""
        crowded = self._crowded.take(below).nonzero()[0] if self._any_crowded else ()
        for _ in range(self._passes):
            below += values >= self._padded.take(below)
        if len(crowded):
            below[crowded] = np.searchsorted(self.edges, values.take(crowded), side="right")
        return below
