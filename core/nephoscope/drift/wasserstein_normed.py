"""The Wasserstein distance in standard deviations of the baseline."""

from __future__ import annotations

from nephoscope.drift.estimate import Estimate


def wasserstein_normed(distance: Estimate, deviation: float) -> Estimate:
    """
    Divide a Wasserstein distance by the baseline's standard deviation.

    Args:
        distance: In the values' unit.
        deviation: In the same unit, positive (divided by n, as `numpy.std`).

    >>> wasserstein_normed(Estimate.exact(3.0), 2.0).value
    1.5
    """
    return distance.through(lambda value: value / deviation)
