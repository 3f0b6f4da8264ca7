"""How many points of a series the anomaly check only learns from, told without reading any."""

from __future__ import annotations

from datetime import timedelta

DAY = timedelta(days=1)
SEASONS = 2
LEAST_POINTS = 150  # where a season has many points


def season_of(step: timedelta) -> int:
    """
    How many points make a season: a day, or a week where there is one a day; 1 where they are rarer.

    >>> [season_of(timedelta(minutes=minutes)) for minutes in (5, 60, 1_440, 10_080)]
    [288, 24, 7, 1]
    """
    a_day = DAY / step
    if a_day >= 1.5:
        return round(a_day)
    return 7 if a_day > 0.75 else 1


def learning_points(season: int, *, seasons: int = SEASONS, least: int = LEAST_POINTS) -> int:
    """
    How many points teach what is ordinary: nothing stands out in them.

    >>> learning_points(288), learning_points(24), learning_points(7)
    (576, 150, 14)
    """
    points = seasons * season
    return max(points, least) if season >= 24 else points
