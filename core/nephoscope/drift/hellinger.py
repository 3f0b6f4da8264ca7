"""The Hellinger distance."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.divergence import divergence
from nephoscope.drift.estimate import Estimate, root
from nephoscope.drift.profile import Floats
from nephoscope.drift.shares import Shares


def hellinger(shares: Shares) -> Estimate:
    """
    Hellinger distance of two binned samples: the root of one minus the Bhattacharyya coefficient.

    Returns:
        0 for equal shares, 1 where no cell is shared; symmetric.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> round(hellinger(shares_of_counts(np.array([1, 1]), np.array([1, 0]))).value, 4)
    0.5412

    Source: Hellinger, J. reine angew. Math. 136 (1909) 210-271.
    """
    return divergence(_terms, shares).through(root)


def _terms(p: Floats, q: Floats) -> Floats:
    terms: Floats = np.square(np.sqrt(p) - np.sqrt(q)) / 2
    return terms
