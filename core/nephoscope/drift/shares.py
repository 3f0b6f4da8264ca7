"""
The shares of a baseline's and a window's values in the same few cells.

Words have a cell for each category. Numbers have the ten between the baseline's deciles. From exact samples the shares
are exact; from bins each border of a cell is known to lie in one bin, and so each share within an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nephoscope.drift.binning import Places
from nephoscope.drift.profile import Categories, Counts, Floats, Numbers

# How many values lie below each border: the least, the most, and the likeliest number.
Borders: TypeAlias = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Shares p of the baseline and q of the window, each of the shape (k,), with the intervals they lie in."""

    p: Floats
    q: Floats
    p_low: Floats
    p_high: Floats
    q_low: Floats
    q_high: Floats

    @classmethod
    def exact(cls, p: Floats, q: Floats) -> Shares:
        """Shares without doubt."""
        return cls(p, q, p, p, q, q)


def shares_of_counts(baseline: Counts, window: Counts) -> Shares:
    """
    Shares of counted cells.

    >>> shares_of_counts(np.array([1, 3]), np.array([2, 2])).p
    array([0.25, 0.75])
    """
    return Shares.exact(baseline / baseline.sum(), window / window.sum())


@dataclass(frozen=True, slots=True, eq=False)
class CategoryCounts:
    """How often each category stands on both sides; the last one may stand for the rest."""

    words: tuple[str, ...]
    baseline: Counts
    window: Counts
    rest: bool  # whether the last cell stands for several categories


def category_counts(baseline: Categories, window: Categories) -> CategoryCounts:
    """Line up the categories of both sides, in alphabetical order."""
    before, after = {**baseline.known, **baseline.unseen}, {**window.known, **window.unseen}
    words = sorted(word for word in {**before, **after} if before.get(word) or after.get(word))
    a = [before.get(word, 0) for word in words]
    b = [after.get(word, 0) for word in words]
    rest_a, rest_b = (side.unseen_rows - sum(side.unseen.values()) for side in (baseline, window))
    rest = rest_a + rest_b > 0
    if rest:
        words, a, b = [*words, ""], [*a, rest_a], [*b, rest_b]
    return CategoryCounts(tuple(words), np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), rest)


def decile_shares(baseline: Numbers, window: Numbers) -> Shares:
    """
    Shares between the deciles of the baseline.

    The deciles are `numpy.quantile`'s with linear interpolation; cells are [a, b), equal deciles are merged, the
    outermost cells are open.
    """
    f = np.concatenate(([0], np.cumsum(baseline.counts)))
    g = np.concatenate(([0], np.cumsum(window.counts)))
    if baseline.atoms and window.atoms:
        below = np.unique([_atoms_below(baseline, f, decile / 10) for decile in range(1, 10)])
        p, q = f[below] / baseline.finite, g[below] / window.finite
        return Shares.exact(np.diff(p, prepend=0, append=1), np.diff(q, prepend=0, append=1))
    return _decile_shares_of_bins(baseline, window, f, g)


def shares_between(baseline: Numbers, window: Numbers, borders: Floats) -> Shares:
    """
    Shares of the values between given borders; cells are [a, b), the outermost ones are open.

    Args:
        baseline: Numbers over the same bins as the window's.
        window: The other side.
        borders: Ascending, shape (k - 1,).
    """
    f = np.concatenate(([0], np.cumsum(baseline.counts)))
    g = np.concatenate(([0], np.cumsum(window.counts)))
    first, second = _bins_below(baseline, borders)
    return _shares_of_borders(
        (f[first], f[second], (f[first] + f[second]) / 2),
        (g[first], g[second], (g[first] + g[second]) / 2),
        baseline,
        window,
    )


def _bins_below(numbers: Numbers, borders: Floats) -> tuple[Places, Places]:
    """How many bins lie below each border: the least and the most, which differ where it cuts a bin in two."""
    held = np.searchsorted(numbers.edges, borders, side="right")
    starts = np.concatenate(([-np.inf], numbers.edges))[held]
    first = np.where(numbers.single[held] & (borders > starts), held + 1, held)
    return first, np.where(numbers.single[held] | (borders == starts), first, held + 1)


def _between(low: float, high: float, part: float) -> float:
    """As numpy interpolates: from the nearer end."""
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def _atoms_below(numbers: Numbers, cumulated: Counts, quantile: float) -> int:
    """How many bins lie wholly below a quantile, told by the values themselves."""
    rank = quantile * (numbers.finite - 1)
    under = int(rank)
    first, second = np.searchsorted(cumulated, [under, min(under + 1, numbers.finite - 1)], side="right") - 1
    low, high = float(numbers.edges[first - 1]), float(numbers.edges[second - 1])
    return 1 + int(np.searchsorted(numbers.edges, _between(low, high, rank - under), side="left"))


def _decile_shares_of_bins(baseline: Numbers, window: Numbers, f: Counts, g: Counts) -> Shares:
    # Equal deciles stay apart: bins do not always tell that they are equal, and an empty cell adds nothing.
    borders = [_border(baseline, f, g, decile / 10 * (baseline.finite - 1)) for decile in range(1, 10)]
    low_f, high_f, low_g, high_g, at_f, at_g = np.array(borders, dtype=float).T
    return _shares_of_borders((low_f, high_f, at_f), (low_g, high_g, at_g), baseline, window)


def _shares_of_borders(f: Borders, g: Borders, baseline: Numbers, window: Numbers) -> Shares:
    (low_f, high_f, at_f), (low_g, high_g, at_g) = f, g
    return Shares(
        np.diff(at_f / baseline.finite, prepend=0, append=1),
        np.diff(at_g / window.finite, prepend=0, append=1),
        _differences(high_f, low_f, baseline.finite, least=True),
        _differences(high_f, low_f, baseline.finite, least=False),
        _differences(high_g, low_g, window.finite, least=True),
        _differences(high_g, low_g, window.finite, least=False),
    )


def _border(baseline: Numbers, f: Counts, g: Counts, rank: float) -> tuple[float, ...]:
    """How many values lie below a decile: the least and the most of f, of g, and the likeliest of both."""
    under, single = int(rank), baseline.single
    first, second = np.searchsorted(f, [under, min(under + 1, baseline.finite - 1)], side="right") - 1
    if rank == under or first == second:
        if single[first]:
            return (f[first], f[first], g[first], g[first], f[first], g[first])
        part = (rank - f[first]) / (f[first + 1] - f[first])
        return (f[first], f[first + 1], g[first], g[first + 1], rank, g[first] + part * (g[first + 1] - g[first]))
    # The decile lies between the last value of one bin and the first of another.
    if single[first] and single[second]:
        value = _between(float(baseline.edges[first - 1]), float(baseline.edges[second - 1]), rank - under)
        (least,), (most,) = _bins_below(baseline, np.array([value]))
        return (under + 1, under + 1, g[least], g[most], under + 1, (g[least] + g[most]) / 2)
    low = g[first + 1] if single[first] else g[first]
    high = g[second] if single[second] else g[second + 1]
    return (under + 1, under + 1, low, high, under + 1, (g[first + 1] + g[second]) / 2)


def _differences(high: Floats, low: Floats, total: int, *, least: bool) -> Floats:
    """The least or the greatest shares between borders that lie between `low` and `high` values."""
    starts = np.concatenate(([0.0], high if least else low))
    ends = np.concatenate((low if least else high, [float(total)]))
    found: Floats = np.maximum(ends - starts, 0.0) / total
    return found
