"""The Jensen-Shannon distance, by the logarithm to base 2 and by the natural one."""

from __future__ import annotations

import math

import numpy as np

from nephoscope.drift.divergence import divergence
from nephoscope.drift.estimate import Estimate, root
from nephoscope.drift.profile import Floats
from nephoscope.drift.shares import Shares


def js(shares: Shares) -> Estimate:
    """
    Jensen-Shannon distance to base 2, the root of the divergence; as NannyML's.

    Returns:
        0 for equal shares, 1 where no cell is shared; symmetric.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> js(shares_of_counts(np.array([7, 0]), np.array([0, 3]))).value
    1.0

    Source: Lin, IEEE Trans. Inf. Theory 37 (1991) 145-151; Endres & Schindelin, ibid. 49 (2003) 1858-1860.
    """
    return js_ln(shares).through(lambda distance: distance / math.sqrt(math.log(2)))


def js_ln(shares: Shares) -> Estimate:
    """
    Jensen-Shannon distance by the natural logarithm; as Evidently's.

    Returns:
        0 for equal shares, 0.8326 (the root of ln 2) where no cell is shared; symmetric.

    >>> from nephoscope.drift.shares import shares_of_counts
    >>> round(js_ln(shares_of_counts(np.array([7, 0]), np.array([0, 3]))).value, 4)
    0.8326
    """
    return divergence(js_terms, shares).through(root)


def js_terms(p: Floats, q: Floats) -> Floats:
    """Each cell's part of the divergence, in nats."""
    middle = (p + q) / 2
    terms: Floats = (_relative(p, middle) + _relative(q, middle)) / 2
    return terms


def _relative(p: Floats, q: Floats) -> Floats:
    some = p > 0
    terms = np.zeros(len(p))
    terms[some] = p[some] * np.log(p[some] / q[some])
    return terms
