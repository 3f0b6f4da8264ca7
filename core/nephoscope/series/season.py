"""The season of a series: how many of its points make a day, or a week where it has one a day."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from nephoscope.series.learning import season_of

_FIRST = 10  # intervals that tell the step: a later point must not change an earlier score


def points_per_season(seconds: NDArray[np.float64]) -> int:
    """
    Count the points of a season.

    Args:
        seconds: Times in seconds, shape (n,), ascending.

    Returns:
        Points a day where there are two or more; 7 for one point a day; 1 where points are rarer, or too few to tell.

    >>> points_per_season(np.arange(100) * 300.0), points_per_season(np.arange(30) * 86_400.0)
    (288, 7)
    """
    if len(seconds) < 2:
        return 1
    step = float(np.median(np.diff(seconds[: _FIRST + 1])))
    if step <= 0:
        return 1
    return season_of(timedelta(seconds=step))
