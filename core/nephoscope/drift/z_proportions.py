"""The z test of two proportions."""

from __future__ import annotations

import math

from nephoscope.drift.profile import Counts


def z_proportions(baseline: Counts, window: Counts) -> float:
    """
    How many standard errors lie between the shares of one of two values, by the pooled share.

    Args:
        baseline: How often each of the two values stands in the baseline, shape (2,).
        window: The same of the window.

    Returns:
        The absolute z; 0 where one value stands nowhere.

    >>> import numpy as np
    >>> round(z_proportions(np.array([50, 50]), np.array([80, 20])), 4)
    4.4475

    Source: Fleiss, Statistical Methods for Rates and Proportions, 1981, chapter 2.
    """
    n, m = int(baseline.sum()), int(window.sum())
    pooled = float(baseline[1] + window[1]) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return abs(float(baseline[1]) / n - float(window[1]) / m) / error if error else 0.0


def z_proportions_p(z: float) -> float:
    """
    The two-sided probability of at least this z when both samples have one law.

    >>> round(z_proportions_p(1.959964), 6)
    0.05
    """
    return math.erfc(z / math.sqrt(2))
