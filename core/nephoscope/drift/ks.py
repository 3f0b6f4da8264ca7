"""The Kolmogorov-Smirnov distance of two samples."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.profile import Counts, Flags, Floats


def ks(baseline: Counts, window: Counts) -> float:
    """
    The greatest distance between two empirical distribution functions, seen at the borders of bins.

    Args:
        baseline: Counts over ascending bins, shape (k,), at least one of them positive.
        window: Counts over the same bins, shape (k,), at least one of them positive.

    Returns:
        0 for equal shares, 1 where no value of one side lies within the other; symmetric. The distance itself where
        each bin holds one value, else at most `ks_bound` below it.

    >>> ks(np.array([2, 2, 0]), np.array([0, 2, 2]))
    0.5

    Source: Smirnov, Ann. Math. Stat. 19 (1948) 279-281.
    """
    return float(np.abs(gaps(baseline, window)).max())


def ks_bound(baseline: Counts, window: Counts, *, single: Flags) -> float:
    """
    How far the distance can lie above what the borders of the bins show.

    Inside a bin the gap can first grow by all that one side has in it before the other side's values come: from g
    before the bin to at most g + baseline's share, which is g after the bin + window's share.

    Args:
        baseline: Counts over ascending bins, shape (k,), at least one of them positive.
        window: Counts over the same bins, shape (k,), at least one of them positive.
        single: Which bins hold a single value, so that both sides grow at once, shape (k,).

    >>> before, now = np.array([2, 2, 0]), np.array([0, 2, 2])
    >>> ks_bound(before, now, single=np.array([False] * 3)), ks_bound(before, now, single=np.array([True] * 3))
    (0.5, 0.0)
    """
    after = gaps(baseline, window)
    before = np.concatenate(([0.0], after[:-1]))
    highest = np.where(single, after, before + baseline / baseline.sum())
    lowest = np.where(single, after, before - window / window.sum())
    possible = max(float(highest.max()), -float(lowest.min()))
    return max(0.0, possible - float(np.abs(after).max()))


def gaps(baseline: Counts, window: Counts) -> Floats:
    """The baseline's distribution function minus the window's at each bin's upper border, shape (k,)."""
    gap: Floats = np.cumsum(baseline) / baseline.sum() - np.cumsum(window) / window.sum()
    return gap
