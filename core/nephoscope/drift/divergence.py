"""
Sums over cells, such as PSI or Jensen-Shannon's, of shares that are known within intervals.

Each term is a convex function of both shares together, zero where they are equal and growing as they part. So over two
intervals it is greatest at a corner, and least where the intervals come nearest to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nephoscope.drift.estimate import Estimate, within
from nephoscope.drift.profile import Floats
from nephoscope.drift.shares import Shares

Terms: TypeAlias = Callable[[Floats, Floats], Floats]


def divergence(terms: Terms, shares: Shares) -> Estimate:
    """The sum of the terms of all cells."""
    value, low, high = term_intervals(terms, shares)
    return within(float(value.sum()), float(low.sum()), float(high.sum()))


def term_intervals(terms: Terms, shares: Shares) -> tuple[Floats, Floats, Floats]:
    """The value, the least and the greatest of each cell's term."""
    corners = [terms(p, q) for p in (shares.p_low, shares.p_high) for q in (shares.q_low, shares.q_high)]
    high = np.maximum.reduce(corners)
    p = np.clip(shares.q_low, shares.p_low, shares.p_high)
    q = np.clip(p, shares.q_low, shares.q_high)
    return terms(shares.p, shares.q), terms(p, q), high
