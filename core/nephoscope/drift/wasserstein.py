"""The Wasserstein distance of two samples: how far mass has to be moved to make one of the other."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.estimate import Estimate, within
from nephoscope.drift.gap import Gap


def wasserstein(gap: Gap) -> Estimate:
    """
    The area between two empirical distribution functions, in the values' own unit.

    Returns:
        0 for equal shares; symmetric; the shift, where one sample is the other one shifted. Exact in every bin in
        which the gap keeps its sign, since its mean is known; elsewhere between the mean's absolute value and what a
        gap that jumps between its extremes would have.

    >>> from nephoscope.drift.gap import gap_of_samples
    >>> wasserstein(gap_of_samples(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0]))).value
    5.0

    Source: Vallender, Theory Probab. Appl. 18 (1974) 784-786.
    """
    low = np.abs(gap.mean)
    span = gap.highest - gap.lowest
    crossing = (gap.lowest < 0) & (gap.highest > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        jumping = (-gap.lowest * (gap.highest - gap.mean) + gap.highest * (gap.mean - gap.lowest)) / span
    high = np.where(crossing, np.maximum(jumping, low), low)
    straight = np.where(crossing, _straight(gap), low)
    return within(*(float(np.dot(part, gap.width)) for part in (straight, low, high)))


def _straight(gap: Gap) -> np.ndarray:
    """The mean of |D| in each bin if D ran straight from border to border."""
    a, b = np.abs(gap.before), np.abs(gap.after)
    same_sign = gap.before * gap.after >= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (a * a + b * b) / (2 * (a + b))
    return np.where(same_sign, (a + b) / 2, crossing)
