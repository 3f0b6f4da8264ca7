"""How far the mean has moved: the simplest check of all, kept beside the real statistics."""


def mean_diff(baseline: float, window: float) -> float:
    """
    The absolute difference of two means, in the column's own unit.

    >>> round(mean_diff((0.5 + 0.6 + 0.55 + 0.52) / 4, (0.8 + 0.85 + 0.82 + 0.81) / 4), 4)
    0.2775
    """
    return abs(window - baseline)
