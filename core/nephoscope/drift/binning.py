"""
Which bin each value falls into, by a lookup table instead of a search.

The range of nearly all edges is cut into equal cells; a value's cell is one subtraction and one multiplication away. A
table tells how many edges lie below each cell, and which edges it holds: a value's bin is the first plus the number of
these that it reaches. That is asked of one edge or of two, whichever is cheaper for the values that are expected. In
cells of more edges, above all in the outermost two, which hold whatever lies beyond, a value is searched for.
To make the table takes as long as to search for some ten thousand values: of few values all are searched for.

The result is exactly `numpy.searchsorted(edges, values, side="right")`: the function from value to cell never
decreases, since rounding moves values and edges alike, so an edge in a lower cell is below the value, one in a higher
cell above it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nephoscope.drift.profile import Counts, Floats

BATCH = 16_384  # values at once: the working set stays in a core's second-level cache
CELLS_PER_EDGE = 8
FEWEST_CELLS, MOST_CELLS = 4_096, 65_536
MOST_ASKED = 2  # edges of a cell that its values are compared with; where it holds more they are searched for
SEARCH_COSTS = 25  # comparisons with one edge
SEARCHED = -(2**30)  # far below 0, whatever is added
FARTHEST = 2.0**62  # a cell's number beyond this would not fit an integer
# Shares of the values that the cells may leave to the outermost ones, below and above; the cheapest pair is taken.
TRIMS = ((0.0, 0.0), (0.001, 0.001), (0.01, 0.01), (0.0, 0.01), (0.01, 0.0), (0.05, 0.05), (0.0, 0.05), (0.05, 0.0))

Places = npt.NDArray[np.intp]


def quiet() -> np.errstate:
    """Around whatever bins values: what overflows ends in the outermost cell, where it belongs, without a warning."""
    return np.errstate(over="ignore", under="ignore", invalid="ignore")


class Binning:
    """A set of edges, and once many values have come its lookup table."""

    def __init__(self, edges: Floats, masses: Counts | Floats | None = None, *, most_searched: int = BATCH) -> None:
        """
        Begin without a table.

        Args:
            edges: Strictly ascending and finite, shape (k,), k ≥ 0.
            masses: How many values are expected in each bin, shape (k + 1,); they decide about speed alone.
            most_searched: How many values are not worth a table.
        """
        self.edges = edges
        self._masses = np.ones(len(edges) + 1) if masses is None or not masses.any() else masses
        self.origin = float(edges[len(edges) // 2]) if len(edges) else 0.0
        self._left = most_searched
        self._table: _Table | None = None

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
        self._left -= len(values)
        if self._left > 0:
            return np.searchsorted(self.edges, values, side="right")
        if self._table is None:
            self._table = _Table(self.edges, self.origin, self._masses)
        return self._table.bins(values, differences, greatest)


class _Table:
    """The lookup table of a set of edges, with room for one batch of values."""

    def __init__(self, edges: Floats, origin: float, masses: Counts | Floats) -> None:
        self._edges, self._origin = edges, origin
        self._first = self._scale = 0.0  # the origin's cell, and how many there are per unit; 0: there are none
        self._cells = int(min(max(CELLS_PER_EDGE * len(edges), FEWEST_CELLS), MOST_CELLS))
        self._choose_line(masses)
        if self._scale:
            self._fill(masses)
        self._scaled = np.empty(BATCH)
        self._cell = np.empty(BATCH, dtype=np.intp)
        self._narrow = np.empty(BATCH, dtype=np.int32)
        self._flags = np.empty(BATCH, dtype=np.bool_)

    def _fill(self, masses: Counts | Floats) -> None:
        """For each cell how many edges are below it, -1 where its values are searched for, and the edges it holds."""
        cells, held = self._edge_cells(), self._held()
        below = np.concatenate(([0], np.cumsum(held)[:-1]))
        # Whatever falls into a cell of several edges falls, but for its ends, into the bins between them.
        two = float(masses[1:][held[cells] == MOST_ASKED].sum() / masses.sum())
        asked = MOST_ASKED if two * SEARCH_COSTS > 1 else 1
        padded = np.append(self._edges, np.full(MOST_ASKED, np.inf))
        self._held_edges = [np.where(held > nth, padded[below + nth], np.inf) for nth in range(asked)]
        self._below = np.where(held > asked, SEARCHED, below).astype(np.int32)
        self._any_searched = bool((held > asked).any())

    def _choose_line(self, masses: Counts | Floats) -> None:
        """Choose the cells' place and width so that few values are searched for."""
        below = np.cumsum(masses)[:-1] / masses.sum()
        costs = {}
        for low, high in TRIMS:
            first, last = np.searchsorted(below, low), np.searchsorted(below, 1 - high, side="right") - 1
            self._first, self._scale = line = self._line(int(first), int(last))
            if self._scale and line not in costs:
                crowded = self._held()[self._edge_cells()] > MOST_ASKED
                costs[line] = float(masses[1:][crowded].sum())
                if not costs[line]:
                    break
        self._first, self._scale = min(costs, key=lambda line: costs[line], default=(0.0, 0.0))

    def _line(self, first: int, last: int) -> tuple[float, float]:
        """The origin's cell where cells reach from edge to edge, and how many there are per unit; 0: too few or far."""
        if not 0 <= first < last < len(self._edges):
            return 0.0, 0.0
        low, width = float(self._edges[first]), float(self._edges[last]) - float(self._edges[first])
        cell = width / (self._cells - 2)
        if not cell or not math.isfinite(scale := 1 / cell):
            return 0.0, 0.0
        begins = (self._origin - low) * scale + 1  # cell 0 is for what lies below
        return (begins, scale) if abs(begins) < FARTHEST else (0.0, 0.0)

    def _edge_cells(self) -> Places:
        cells = np.empty(len(self._edges), dtype=np.intp)
        with quiet():
            differences = self._edges - self._origin
            self._write_cells(differences, cells, np.empty(len(cells)), float(differences[-1]))
        return np.clip(cells, 0, self._cells - 1)

    def _held(self) -> Places:
        """How many edges each cell holds."""
        return np.bincount(self._edge_cells(), minlength=self._cells)

    def _write_cells(self, differences: Floats, cell: Places, scaled: Floats, greatest: float) -> None:
        """Write the cell of each difference to the origin, beyond the outermost ones too."""
        np.multiply(differences, self._scale, out=scaled)
        np.add(scaled, self._first, out=scaled)
        if not greatest * self._scale + self._first < FARTHEST:
            np.minimum(scaled, FARTHEST, out=scaled)
        np.copyto(cell, scaled, casting="unsafe")  # what is too small becomes the least integer

    def bins(self, values: Floats, differences: Floats, greatest: float) -> Places:
        """The bin of each value; overwritten by the next call."""
        if not self._scale:
            return np.searchsorted(self._edges, values, side="right")
        size = len(values)
        cell, scaled, flags = self._cell[:size], self._scaled[:size], self._flags[:size]
        narrow, bins = self._narrow[:size], cell
        self._write_cells(differences, cell, scaled, greatest)
        self._below.take(cell, out=narrow, mode="clip")
        for edges in self._held_edges:
            edges.take(cell, out=scaled, mode="clip")
            np.add(narrow, np.greater_equal(values, scaled, out=flags), out=narrow)
        np.copyto(bins, narrow)
        if self._any_searched and np.minimum.reduce(narrow) < 0:
            searched = np.less(narrow, 0, out=flags).nonzero()[0]
            bins[searched] = np.searchsorted(self._edges, values.take(searched), side="right")
        return bins
