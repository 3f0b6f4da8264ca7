"""The Kolmogorov-Smirnov distance of two samples, and its p-value."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.estimate import Estimate
from nephoscope.drift.gap import Gap


def ks(gap: Gap) -> Estimate:
    """
    The greatest distance between two empirical distribution functions.

    Returns:
        0 for equal shares, 1 where all of one side lies below the other; symmetric. The borders of the bins show the
        value, which is exact where each bin holds one value and otherwise a lower bound.

    >>> from nephoscope.drift.gap import gap_of_samples
    >>> ks(gap_of_samples(np.array([1.0, 2.0]), np.array([2.0, 3.0])))
    Estimate(value=0.5, low=0.5, high=0.5)

    Source: Smirnov, Ann. Math. Stat. 19 (1948) 279-281.
    """
    seen = float(np.abs(gap.after).max())
    if gap.exact:
        return Estimate.exact(seen)
    possible = max(float(gap.highest.max()), -float(gap.lowest.min()))
    return Estimate(seen, seen, max(seen, possible))
