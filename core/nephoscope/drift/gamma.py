"""The upper regularised incomplete gamma function, from which chi-square's p-values come."""

from __future__ import annotations

import math

PRECISION = 1e-16
STEPS = 100_000


def upper_gamma(shape: float, x: float) -> float:
    """
    Q(shape, x) = Γ(shape, x) / Γ(shape): by its series below the bulk, by its continued fraction above.

    >>> round(upper_gamma(1.0, 2.0), 12) == round(math.exp(-2.0), 12)
    True

    Source: Abramowitz & Stegun 6.5.29 and 6.5.31; the fraction by Lentz' method (Applied Optics 15 (1976) 668-671).
    """
    if x <= 0:
        return 1.0
    weight = math.exp(min(shape * math.log(x) - x - math.lgamma(shape), 700.0))
    if x < shape + 1:
        return max(0.0, 1.0 - weight * _series(shape, x))
    return min(1.0, weight * _fraction(shape, x))


def _series(shape: float, x: float) -> float:
    term = total = 1.0 / shape
    for step in range(1, STEPS):
        term *= x / (shape + step)
        total += term
        if term < total * PRECISION:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    found = d
    for step in range(1, STEPS):
        a = -step * (step - shape)
        b += 2
        d = 1 / _away_from_zero(a * d + b, tiny)
        c = _away_from_zero(b + a / c, tiny)
        found *= d * c
        if abs(d * c - 1) < PRECISION:
            break
    return found


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def gamma_quantile(shape: float, above: float) -> float:
    """
    What a gamma variable of scale 1 exceeds with the probability `above`, by bisection.

    >>> round(2 * gamma_quantile(0.5, 0.05), 4)
    3.8415
    """
    low, high = 0.0, shape + 20.0 * math.sqrt(shape) + 40.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if upper_gamma(shape, middle) > above else (low, middle)
    return high
