"""The Kullback-Leibler divergence of a window from its baseline."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.divergence import divergence
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.profile import Floats
from nephoscope.drift.psi import FLOOR
from nephoscope.drift.shares import Shares


def kl(shares: Shares) -> Estimate:
    """
    Relative entropy of the baseline to the window, in nats; shares below 1e-4 count as 1e-4.

    Returns:
        0 for equal shares; not symmetric; unbounded above.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> round(kl(shares_of_counts(np.array([50, 50]), np.array([80, 20]))).value, 4)
    0.2231

    Source: Kullback & Leibler, Ann. Math. Stat. 22 (1951) 79-86.
    """
    parted = divergence(_parted, shares)
    # The floor can make the sums differ from one, and each other, by at most its share of the cells that it lifts.
    surplus = float(np.maximum(shares.p, FLOOR).sum() - np.maximum(shares.q, FLOOR).sum())
    low = float(np.maximum(shares.p_low, FLOOR).sum() - np.maximum(shares.q_high, FLOOR).sum())
    high = float(np.maximum(shares.p_high, FLOOR).sum() - np.maximum(shares.q_low, FLOOR).sum())
    return Estimate(parted.value + surplus, parted.low + min(low, surplus), parted.high + max(high, surplus))


def _parted(p: Floats, q: Floats) -> Floats:
    """Each cell's part plus q - p, which makes it zero where the shares are equal and positive elsewhere."""
    p, q = np.maximum(p, FLOOR), np.maximum(q, FLOOR)
    terms: Floats = p * np.log(p / q) - p + q
    return terms
