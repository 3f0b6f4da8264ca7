"""Quantiles of Student's t distribution."""

from __future__ import annotations

import math
from statistics import NormalDist


def student_t(probability: float, freedom: int) -> float:
    """
    The value that a t-distributed number stays below with a probability.

    Args:
        probability: Between 0.5 and 1, both exclusive.
        freedom: Degrees of freedom, at least 3: below, the expansion is not good to 0.1 %.

    >>> round(student_t(0.975, 5), 3), round(student_t(0.975, 30), 3)
    (2.571, 2.042)

    Source: G. W. Hill, Algorithm 396: Student's t-quantiles, Comm. ACM 13 (1970) 619-620.
    """
    n = float(freedom)
    two_tailed = 2 * (1 - probability)
    a = 1 / (n - 0.5)
    b = (48 / a) / a
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * n
    y = (d * two_tailed) ** (2 / n)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(two_tailed / 2)
        y = x * x
        if n < 5:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * (n + 1) / (
            n + 2
        ) + 1 / y
    return math.sqrt(n * y)
