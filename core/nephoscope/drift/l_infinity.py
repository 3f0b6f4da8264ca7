"""The greatest difference of shares."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.divergence import term_intervals
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.profile import Floats
from nephoscope.drift.shares import Shares


def l_infinity(shares: Shares) -> Estimate:
    """
    The greatest absolute difference between a cell's two shares.

    Returns:
        0 for equal shares, at most 1; symmetric.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> round(l_infinity(shares_of_counts(np.array([50, 50]), np.array([80, 20]))).value, 3)
    0.3

    Source: the Chebyshev distance, as in Vertex AI's model monitoring.
    """
    value, low, high = (float(part.max()) for part in term_intervals(absolute, shares))
    return Estimate(value, min(low, value), max(high, value))


def absolute(p: Floats, q: Floats) -> Floats:
    """Each cell's absolute difference."""
    return np.abs(p - q)
