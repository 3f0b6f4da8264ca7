"""
Where a Baseline's bins begin: at its quantiles, with a bin of its own for every value that is a quantile twice.

The edges come from a sample, at most one value in each stratum of consecutive ones, its place drawn from a fixed seed.
They decide only how even the bins are: the counts between them are exact, taken in a second pass, and the bounds of the
statistics are computed from these counts, never from a hope about the sample.
"""

from __future__ import annotations

import numpy as np

from nephoscope.drift.profile import Floats, just_above

SAMPLE = 65_536  # values at most, at least half as many of a long column


class Sample:
    """A stratified sample of a stream of finite values, the same whatever the sizes of the batches."""

    def __init__(self, most: int = SAMPLE) -> None:
        self._most = most
        self._width = 1
        self._taken: list[Floats] = []
        self._count = 0
        self._pending = np.empty(0)
        self._draws = np.random.default_rng(20_130_101)
        self.low = np.inf
        self.high = -np.inf

    @property
    def width(self) -> int:
        """How many values each one that was taken stands for; 1 where none was left out."""
        return self._width

    @property
    def values(self) -> Floats:
        """What was taken, in order of coming."""
        return np.concatenate(self._taken) if self._taken else np.empty(0)

    def add(self, values: Floats) -> None:
        """Take more values, NaN and infinite ones are passed over."""
        finite = np.isfinite(values)
        values = values if finite.all() else values[finite]
        if len(values):
            self.low = min(self.low, float(values.min()))
            self.high = max(self.high, float(values.max()))
        while len(values):
            room = (self._most - self._count) * self._width - len(self._pending)
            self._take(values[:room])
            values = values[room:]
            if self._count == self._most:
                self._thin()

    def _take(self, values: Floats) -> None:
        pending = np.concatenate((self._pending, values)) if len(self._pending) else values
        strata = len(pending) // self._width
        if self._width == 1:
            taken = pending.copy()
        else:
            taken = pending[self._draws.integers(self._width, size=strata) + np.arange(strata) * self._width]
        self._taken.append(taken)
        self._count += strata
        self._pending = pending[strata * self._width :].copy()

    def _thin(self) -> None:
        """Keep one of each two neighbours; from now on a stratum is twice as wide."""
        pairs = self._count // 2
        kept = self.values[np.arange(pairs) * 2 + self._draws.integers(2, size=pairs)]
        self._taken, self._count = [kept], pairs
        self._width *= 2


def edges_of(sample: Floats, bins: int, *, low: float, high: float) -> Floats:
    """
    Choose the edges of about `bins` bins between `low` and `high`.

    Half of them make bins of equal mass f, which bounds the Kolmogorov-Smirnov distance; half make bins of equal
    √(f w), w being their width, which is how a given number of bins makes the least Σ f w, the bound of the Wasserstein
    distance: in the tails bins are wide, and there need be more of them.

    Args:
        sample: Finite values, shape (n,), n ≥ 1.
        bins: How many bins are wanted; up to half as many more come when single values are heavy.
        low: Least value of the whole column.
        high: Greatest value of the whole column.

    Returns:
        Strictly ascending edges from `low` to just above `high`. Where there are few distinct values, each has a bin
        of its own, as narrow as two neighbouring floating-point numbers.

    >>> edges_of(np.array([1.0, 1.0, 1.0, 2.0]), 8, low=1.0, high=2.0)
    array([1., 1., 2., 2.])
    """
    ordered = np.sort(sample)
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    if 2 * np.count_nonzero(first) <= max(bins, 2):
        cuts = heavy = ordered[first]
    else:
        places = np.linspace(0, len(ordered) - 1, max(bins // 2, 2)).round().astype(np.intp)
        at_mass, times = np.unique(ordered[places], return_counts=True)
        cuts, heavy = np.concatenate((at_mass, _by_width(ordered, max(bins // 2, 2), low, high))), at_mass[times > 1]
    edges = np.unique(np.concatenate((cuts, just_above(heavy), [low], just_above(np.array([high])))))
    finite: Floats = edges[np.isfinite(edges)]
    return finite


def _by_width(ordered: Floats, bins: int, low: float, high: float) -> Floats:
    """Edges at equal steps of the sum of √(mass times width), which is taken over blocks of the sample."""
    block = max(len(ordered) // max(bins, 1) // 2, 1)
    knots = np.concatenate(([low], ordered[::block], ordered[-1:], [high]))
    with np.errstate(over="ignore"):
        weight = np.sqrt(np.abs(np.diff(knots)))
    weight[[0, -1]] /= np.sqrt(block)  # the ends hold about one of the sample's values, not a block of them
    levels = np.concatenate(([0.0], np.cumsum(weight)))
    if not np.isfinite(levels[-1]) or not levels[-1]:
        return np.empty(0)
    return np.interp(np.linspace(0, levels[-1], bins + 1)[1:-1], levels, knots)
