"""
The two-sided p-value of the Kolmogorov-Smirnov distance of two samples.

Up to 10,000 values a side it is exact: a pair of samples in order is a path on a lattice, and the p-value is the share
of all paths that leave the band round the diagonal. Beyond, it is the law of one sample of n m / (n + m) values.
"""

from __future__ import annotations

import math

import numpy as np

EXACT = 10_000
MATRIX = 10_000  # beyond it the limit law with its corrections is accurate to 2e-6


def ks_p(distance: float, n: int, m: int) -> float:
    """
    The probability of at least this distance when both samples, without ties, have one law.

    Args:
        distance: Between 0 and 1.
        n: Values in one sample.
        m: Values in the other.

    >>> round(ks_p(0.5, 4, 4), 6)
    0.771429

    Sources: Hodges, Arkiv för Matematik 3 (1957) 469-486; Marsaglia, Tsang & Wang, J. Stat. Softw. 8 (2003) 18;
    Vrbik, Pioneer J. Theor. Appl. Stat. 15 (2018) 15-23.
    """
    if max(n, m) <= EXACT:
        return _exact(distance, max(n, m), min(n, m))
    return _one_sample(distance, round(n * m / (n + m)))


def _exact(distance: float, n: int, m: int) -> float:
    common = math.gcd(n, m)
    steps = round(distance * (n // common) * m)
    if steps == 0:
        return 1.0
    return _outside_square(n, steps) if n == m else _outside_band(n, m, common, steps)


def _outside_square(n: int, steps: int) -> float:
    """The share of paths across an n × n square that touch one of the lines |x - y| = steps, by reflection."""
    share: float = sum((-1.0) ** (k - 1) * _ratio(n, k * steps) for k in range(1, n // steps + 1))
    return min(max(2 * share, 0.0), 1.0)


def _ratio(n: int, away: int) -> float:
    """C(2n, n - away) / C(2n, n)."""
    return math.exp(2 * math.lgamma(n + 1) - math.lgamma(n - away + 1) - math.lgamma(n + away + 1))


def _outside_band(n: int, m: int, common: int, steps: int) -> float:
    """
    The share of paths from (0, 0) to (n, m) that come to |x / n - y / m| ≥ steps / lcm(n, m).

    Diagonal by diagonal, of all paths to a point the share that has been there: a path comes to (x, y) from (x - 1, y)
    with the probability x / (x + y), else from (x, y - 1).
    """
    y = np.arange(m + 1)
    heights = y * (n // common)
    share = np.zeros(m + 1)
    for step in range(1, n + m + 1):
        x = np.maximum(step - y, 0)  # beyond the diagonal's ends is nowhere, and nothing comes from there
        from_below = np.concatenate(([0.0], share[:-1]))
        share = (share * x + from_below * np.minimum(y, step)) / step
        share[np.abs(x * (m // common) - heights) >= steps] = 1.0
    return min(max(float(share[m]), 0.0), 1.0)


def _one_sample(distance: float, n: int) -> float:
    """The law of the one-sample distance for n values."""
    if distance <= 0 or n == 0:
        return 1.0
    if n * distance * distance > 18:
        return min(1.0, 2 * math.exp(-2 * n * distance * distance))
    return 1 - _matrix(distance, n) if n <= MATRIX else _limit(distance, n)


def _matrix(distance: float, n: int) -> float:
    """P(D < distance) as an entry of a power of a matrix (Durbin's), scaled against overflow."""
    k = math.ceil(n * distance)
    size = 2 * k - 1
    h = k - n * distance
    powers = h ** np.arange(1, size + 1)
    grid = np.subtract.outer(np.arange(size), np.arange(size)) + 1
    matrix = np.where(grid >= 0, 1.0, 0.0)
    matrix[:, 0] -= powers
    matrix[-1, :] -= powers[::-1]
    matrix[-1, 0] += max(2 * h - 1, 0.0) ** size
    factorials = np.array([math.lgamma(max(order, 0) + 1) for order in range(size + 1)])
    matrix *= np.exp(-factorials[np.maximum(grid, 0)])
    power, exponent = _power(matrix, n)
    logarithm = math.log(max(power[k - 1, k - 1], 1e-300)) + exponent + math.lgamma(n + 1) - n * math.log(n)
    return min(1.0, math.exp(min(logarithm, 0.0)))


def _power(matrix: np.ndarray, n: int) -> tuple[np.ndarray, float]:
    """matrix**n as a matrix and the logarithm of a factor."""
    found, scale = np.eye(len(matrix)), 0.0
    square, square_scale = matrix, 0.0
    while n:
        if n % 2:
            found, scale = _scaled(found @ square, scale + square_scale)
        n //= 2
        if n:
            square, square_scale = _scaled(square @ square, 2 * square_scale)
    return found, scale


def _scaled(matrix: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    largest = float(np.abs(matrix).max())
    return matrix / largest, scale + math.log(largest)


def _limit(distance: float, n: int) -> float:
    """Kolmogorov's limit law, its argument corrected for n."""
    x = distance * math.sqrt(n)
    x += 1 / (6 * math.sqrt(n)) + (x - 1) / (4 * n)
    series: float = sum((-1.0) ** (j - 1) * math.exp(-2 * j * j * x * x) for j in range(1, 101))
    return min(1.0, max(0.0, 2 * series))
