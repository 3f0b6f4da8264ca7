"""A limit that is derived from a stated past: mean ± k standard deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean, stdev

from nephoscope.findings import Direction, Limit, at_least, at_most, between

LEAST_POINTS = 10
GRAIN = 1e-9  # of the mean: a past that never moved must not make rounding a breach


@dataclass(frozen=True, slots=True)
class Reference:
    """Which past, how far from its mean, and to which side."""

    past: timedelta
    k: float = 3.0
    direction: Direction = Direction.BETWEEN


def reference_limit(values: Sequence[float], reference: Reference) -> Limit | None:
    """
    The Limit that a past gives.

    Args:
        values: The past's values, one a period; those that are not finite are left out.
        reference: k, in sample standard deviations (n - 1), and the side.

    Returns:
        None where fewer than ten values are left: too few to speak of a spread.

    >>> found = reference_limit([0.9, 0.92] * 5, Reference(timedelta(days=1), 3, Direction.AT_LEAST))
    >>> found is not None and round(found.low, 4)
    0.8784
    """
    known = [value for value in values if math.isfinite(value)]
    if len(known) < LEAST_POINTS:
        return None
    mean = fmean(known)
    reach = reference.k * max(stdev(known), GRAIN * abs(mean))
    if reference.direction is Direction.AT_LEAST:
        return at_least(mean - reach)
    return at_most(mean + reach) if reference.direction is Direction.AT_MOST else between(mean - reach, mean + reach)
