"""
Which bin each value falls into, by a lookup table instead of a search.

The range of nearly all edges is cut into equal cells; a table tells how many edges lie below each cell. A value's cell
is one multiplication away, and each edge inside its cell is one comparison more: starting from the edges below the
cell, "is the value at or above the next edge?" is asked twice. Only the cells that hold three edges and more, above all
the outermost two, which hold whatever lies beyond, are searched.

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
CROWDED = 3  # edges in a cell from which on it is searched
# Shares of the values that the cells may leave to the outermost ones, below and above; the cheapest pair is taken.
TRIMS = ((0.0, 0.0), (0.001, 0.001), (0.01, 0.01), (0.0, 0.01), (0.01, 0.0), (0.05, 0.05), (0.0, 0.05), (0.05, 0.0))

Places = npt.NDArray[np.intp]


class Binning:
    """The lookup table of a set of edges, with room for one batch of values."""

    def __init__(self, edges: Floats, masses: Counts | None = None) -> None:
        """
        Build the table.

        Args:
            edges: Strictly ascending and finite, shape (k,), k ≥ 0.
            masses: How many values are expected in each bin, shape (k + 1,); they decide about speed alone.
        """
        self.edges = edges
        self.pivot = float(edges[len(edges) // 2]) if len(edges) else 0.0
        self._cells = int(min(max(CELLS_PER_EDGE * len(edges), FEWEST_CELLS), MOST_CELLS))
        self._padded = np.append(edges, np.inf)
        self._choose_line(np.ones(len(edges) + 1) if masses is None or not masses.any() else masses)
        if self._scale:
            held = self._held()
            self._below = np.concatenate(([0], np.cumsum(held)[:-1])).astype(np.intp)
            self._passes = min(int(held.max()), CROWDED - 1)
            self._crowded = held >= CROWDED if held.max() >= CROWDED else None
        self._cell = np.empty(BATCH, dtype=np.intp)
        self._bins = np.empty(BATCH, dtype=np.intp)
        self._next = np.empty(BATCH)
        self._reached = np.empty(BATCH, dtype=np.bool_)

    def _choose_line(self, masses: Counts | Floats) -> None:
        """Choose the cells' place and width so that few values are searched for."""
        below = np.cumsum(masses)[:-1] / masses.sum()
        costs = {}
        for low, high in TRIMS:
            first, last = np.searchsorted(below, low), np.searchsorted(below, 1 - high, side="right") - 1
            self._scale, self._offset = line = self._line(int(first), int(last))
            if line[0] and line not in costs:
                held = self._held()
                crowded = held[self._edge_cells()] >= CROWDED
                costs[line] = float(masses[1:][crowded].sum())
                if not costs[line]:
                    break
        self._scale, self._offset = min(costs, key=lambda line: costs[line], default=(0.0, 0.0))

    def _line(self, first: int, last: int) -> tuple[float, float]:
        """Cells per unit and the cell of the pivot; no cells where the edges are too few or too far apart."""
        if not 0 <= first < last < len(self.edges):
            return 0.0, 0.0
        low, high = float(self.edges[first]), float(self.edges[last])
        scale = (self._cells - 2) / (high - low) if math.isfinite(high - low) else 0.0
        offset = 1.0 + (self.pivot - low) * scale
        return (scale, offset) if math.isfinite(scale) and math.isfinite(offset) else (0.0, 0.0)

    def _edge_cells(self) -> Places:
        cells = np.empty(len(self.edges), dtype=np.intp)
        with np.errstate(over="ignore"):
            differences = self.edges - self.pivot
        self._cell_of(differences, cells)
        return cells

    def _held(self) -> Places:
        """How many edges each cell holds."""
        return np.bincount(self._edge_cells(), minlength=self._cells)

    def _cell_of(self, differences: Floats, cell: Places) -> None:
        """Write the cell of each difference to the pivot, which is overwritten."""
        with np.errstate(over="ignore", under="ignore"):
            np.multiply(differences, self._scale, out=differences)
            np.add(differences, self._offset, out=differences)
        np.clip(differences, 0.0, self._cells - 1, out=differences)
        np.copyto(cell, differences, casting="unsafe")

    def bins(self, values: Floats, differences: Floats) -> Places:
        """
        The bin of each value, 0 … k.

        Args:
            values: Finite values, shape (n,), n ≤ `BATCH`.
            differences: The same minus the pivot, shape (n,); overwritten.

        Returns:
            Shape (n,); overwritten by the next call.
        """
        if not self._scale:
            return np.searchsorted(self.edges, values, side="right")
        size = len(values)
        cell, bins = self._cell[:size], self._bins[:size]
        self._cell_of(differences, cell)
        self._below.take(cell, out=bins, mode="clip")
        for _ in range(self._passes):
            self._pass_next(values, bins)
        if self._crowded is not None:
            crowded = np.flatnonzero(self._crowded.take(cell, mode="clip"))
            bins[crowded] = np.searchsorted(self.edges, values[crowded], side="right")
        return bins

    def _pass_next(self, values: Floats, bins: Places) -> None:
        """Move every value that is at or above the next edge up by one bin."""
        following, reached = self._next[: len(values)], self._reached[: len(values)]
        self._padded.take(bins, out=following, mode="clip")
        np.greater_equal(values, following, out=reached)
        np.add(bins, reached, out=bins)
