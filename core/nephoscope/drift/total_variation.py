"""The total variation distance."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.divergence import divergence
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.l_infinity import absolute
from nephoscope.drift.shares import Shares


def total_variation(shares: Shares) -> Estimate:
    """
    Half the sum of the absolute differences of shares: the mass that would have to change its cell.

    Returns:
        0 for equal shares, 1 where no cell is shared; symmetric.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> round(total_variation(shares_of_counts(np.array([50, 50]), np.array([80, 20]))).value, 3)
    0.3

    Source: Levin, Peres & Wilmer, Markov Chains and Mixing Times, 2009, proposition 4.2.
    """
    return divergence(lambda p, q: np.asarray(absolute(p, q) / 2), shares)
