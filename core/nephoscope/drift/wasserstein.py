"""The Wasserstein distance of two samples: how far mass has to be moved to make one of the other."""

from __future__ import annotations

import numpy as np

from nephoscope.drift.estimate import Estimate, within
from nephoscope.drift.gap import Gap
from nephoscope.drift.profile import Floats


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
    certain = float((low * gap.width).sum())
    if gap.exact:
        return Estimate.exact(certain)
    crossing = (gap.lowest < 0) & (gap.highest > 0)
    if not crossing.any():
        return Estimate.exact(certain)
    at = Gap(*(getattr(gap, name)[crossing] for name in Gap.__slots__))
    jumping = (-at.lowest * (at.highest - at.mean) + at.highest * (at.mean - at.lowest)) / (at.highest - at.lowest)
    kept = certain - float((low[crossing] * at.width).sum())
    value = kept + float((_straight(at) * at.width).sum())
    high = kept + float((np.maximum(jumping, np.abs(at.mean)) * at.width).sum())
    return within(value, certain, max(high, certain))


def _straight(gap: Gap) -> Floats:
    """The mean of |D| in each bin if D ran straight from border to border."""
    a, b = np.abs(gap.before), np.abs(gap.after)
    same_sign = gap.before * gap.after >= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (a * a + b * b) / (2 * (a + b))
    found: Floats = np.where(same_sign, (a + b) / 2, crossing)
    return found
