"""
Left discords: how far the newest stretch of a series is from everything it did before.

The distance of a window to its nearest neighbour among the earlier windows is small for all that repeats, whatever its
shape and period are, and large for what was never seen. It needs no model and no training, and it is causal: a point's
distance uses no later point. Restricted to the same time of the season, it also sees what would be ordinary at another
hour: a peak that did not come, a night's level by day.

Source: the left matrix profile of Lu, Wu, Mueen, Zuluaga and Keogh, "Matrix Profile XXIV: Scaling Time Series Anomaly
Detection to Trillions of Datapoints and Ultra-fast Arriving Data Streams" (DAMP), KDD 2022.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def left_discords(values: Floats, windows: Sequence[int], lags: Iterable[int]) -> Floats:
    """
    Measure each window's distance to the nearest earlier window.

    Args:
        values: The series, shape (n,), finite.
        windows: Lengths of windows in points, k of them.
        lags: How many points earlier a neighbour may lie; a lag shorter than a window is left out for that window.

    Returns:
        Root mean square distances in the series' unit, shape (k, n), at each window's last point; infinite where no
        earlier window is.

    >>> wave = np.array([0.0, 1.0] * 4 + [0.0, 5.0])
    >>> left_discords(wave, [2], range(1, 9)).round(2).tolist()[0][3:]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.83]
    """
    count = len(values)
    nearest = np.full((len(windows), count), np.inf)
    for lag in lags:
        if lag >= count:
            continue
        squares = np.square(values[lag:] - values[:-lag])
        sums = np.concatenate([[0.0], np.cumsum(squares)])
        for row, window in enumerate(windows):
            if window <= lag and lag + window <= count:
                distance = sums[window:] - sums[:-window]
                np.minimum(nearest[row, lag + window - 1 :], distance, out=nearest[row, lag + window - 1 :])
    widths = np.asarray(windows, dtype=np.float64)[:, np.newaxis]
    distances: Floats = np.sqrt(np.maximum(nearest, 0.0) / widths)
    return distances
