"""The population stability index."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.divergence import divergence
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.profile import Floats
from nephoscope.drift.shares import Shares

FLOOR = 1e-4  # the least share, so that the logarithm stays finite


def psi(shares: Shares) -> Estimate:
    """
    Population stability index of two binned samples, in nats: the divergence in both directions.

    Returns:
        0 for equal shares; symmetric; unbounded above. By convention moderate from 0.1, significant from 0.25.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> round(psi(shares_of_counts(np.array([50, 50]), np.array([80, 20]))).value, 3)
    0.416

    Source: the divergence J(1,2) of Kullback & Leibler, Ann. Math. Stat. 22 (1951) 79-86.
    """
    return divergence(psi_terms, shares)


def psi_terms(p: Floats, q: Floats) -> Floats:
    """Each cell's part."""
    p, q = np.maximum(p, FLOOR), np.maximum(q, FLOOR)
    terms: Floats = (p - q) * np.log(p / q)
    return terms
