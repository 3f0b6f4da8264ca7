"""The energy distance of two samples."""

from __future__ import annotations

import math

import numpy as np

from nephoscope.drift.estimate import Estimate, within
from nephoscope.drift.gap import Gap


def energy(gap: Gap) -> Estimate:
    """
    The root of twice the squared gap between two empirical distribution functions, integrated.

    Returns:
        0 for equal shares; symmetric; in the root of the values' unit. In a bin the squared gap is at least the square
        of its mean and at most that of a gap that jumps between its extremes.

    >>> from nephoscope.drift.gap import gap_of_samples
    >>> round(energy(gap_of_samples(np.array([0.0, 8.0]), np.array([0.0, 8.0, 8.0, 8.0]))).value, 6)
    1.0

    Source: Székely, E-statistics: the energy of statistical samples, Bowling Green State University, 2002; as in SciPy.
    """
    low = np.square(gap.mean)
    if gap.exact:
        return _root(Estimate.exact(float((low * gap.width).sum())))
    jumping = (gap.highest + gap.lowest) * gap.mean - gap.highest * gap.lowest
    high = np.maximum(jumping, low)
    straight = (gap.before**2 + gap.before * gap.after + gap.after**2) / 3
    value = np.clip(straight, low, high)
    squared = within(*(float((part * gap.width).sum()) for part in (value, low, high)))
    return _root(squared)


def _root(squared: Estimate) -> Estimate:
    return squared.through(lambda area: math.sqrt(2 * max(area, 0.0)))
