"""
A second look at a column whose limit lies within the bound of its value.

What bins do not tell hangs on a few of them: for the KS distance on those that the gap may have its greatest value in,
for the Wasserstein distance on those in which it may change its sign, for shares on those that a border of a cell lies
in. Their values are read once more and get a bin each; what hung on them is then exact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nephoscope.drift.binning import Places
from nephoscope.drift.evidently_preset import sturges
from nephoscope.drift.pair import Pair
from nephoscope.drift.profile import Flags, Floats, Numbers, just_above

MOST = 2_000_000  # values that are held for a second look, those of both sides together


def doubtful_bins(of: Pair) -> Flags:
    """The bins that a numeric column's distances and shares hang on, those of every preset, shape (k + 1,)."""
    gap, (before, after) = of.gap, of.numbers
    borders = np.concatenate([sturges(of, values) for values in (before.finite + after.finite, of.distinct)])
    seen = np.abs(gap.after).max()
    highest = np.maximum(gap.highest, -gap.lowest) > seen
    crossing = (gap.lowest < 0) & (gap.highest > 0)
    doubtful: Flags = highest | crossing
    doubtful[np.searchsorted(before.edges, borders, side="right")] = True
    doubtful[_bins_of_deciles(before)] = True
    return doubtful & ~before.single


def _bins_of_deciles(numbers: Numbers) -> Places:
    """The bins of the two values that each decile lies between."""
    ranks = np.arange(1, 10) / 10 * (numbers.finite - 1)
    both = np.concatenate((np.floor(ranks), np.ceil(ranks)))
    return np.searchsorted(np.cumsum(numbers.counts), both, side="right")


def held(of: Pair, bins: Flags) -> int:
    """How many values lie in these bins."""
    return int(sum(numbers.counts[bins].sum() for numbers in of.numbers))


def chosen_values(values: Floats, edges: Floats, bins: Flags) -> Floats:
    """The finite values that lie in these bins."""
    values = values[np.isfinite(values)]
    found: Floats = values[bins[np.searchsorted(edges, values, side="right")]]
    return found


def split(of: Pair, bins: Flags, values: tuple[Floats, Floats]) -> Pair:
    """
    A pair whose doubtful bins have given way to one for each value.

    Args:
        of: A numeric column.
        bins: Which bins give way.
        values: All values of the baseline and of the window in them.
    """
    edges = of.numbers[0].edges
    atoms = np.unique(np.concatenate(values))
    finer = np.unique(np.concatenate((edges, atoms, just_above(atoms))))
    finer = finer[np.isfinite(finer)]
    sides = [
        replace(side, column=replace(side.column, numbers=_split(numbers, bins, finer, some)))
        for side, numbers, some in zip((of.baseline, of.window), of.numbers, values, strict=True)
    ]
    return Pair(*sides)


def _split(numbers: Numbers, bins: Flags, edges: Floats, values: Floats) -> Numbers:
    starts = np.concatenate(([0], np.searchsorted(edges, numbers.edges) + 1))  # each old bin's first new one
    places = np.searchsorted(edges, values, side="right")
    counts = np.bincount(places, minlength=len(edges) + 1)
    sums: Floats = np.bincount(places, weights=values, minlength=len(edges) + 1).astype(np.float64, copy=False)
    counts[starts[~bins]] = numbers.counts[~bins]
    sums[starts[~bins]] = numbers.sums[~bins]
    return replace(numbers, edges=edges, counts=counts, sums=sums)
