"""The chi-square test of two samples of categories."""

from __future__ import annotations

import math

import numpy as np

from nephoscope.drift.gamma import upper_gamma
from nephoscope.drift.profile import Counts


def chi2(baseline: Counts, window: Counts) -> float:
    """
    Pearson's statistic of the contingency table of two samples, without Yates' correction.

    Args:
        baseline: How often each category stands in the baseline, shape (k,).
        window: The same of the window; no category may stand in neither.

    Returns:
        0 for equal shares; symmetric; grows with the number of rows.

    >>> round(chi2(np.array([10, 20]), np.array([20, 10])), 4)
    6.6667

    Source: Pearson, Philosophical Magazine 50 (1900) 157-175.
    """
    both = baseline + window
    share = baseline.sum() / both.sum()
    expected = both * share
    # Both rows of the table miss their expectation by the same amount.
    return float((np.square(baseline - expected) * (1 / expected + 1 / (both - expected))).sum())


def chi2_p(statistic: float, freedom: int) -> float:
    """
    The probability of at least this statistic when both samples have one law.

    Args:
        statistic: Pearson's.
        freedom: Degrees of freedom, one less than there are categories; 0 gives 1.

    >>> round(chi2_p(3.841459, 1), 6)
    0.05
    """
    if freedom == 0:
        return 1.0
    return 0.0 if math.isinf(statistic) else upper_gamma(freedom / 2, statistic / 2)
