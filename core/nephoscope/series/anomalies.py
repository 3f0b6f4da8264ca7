"""
The suite's anomaly check on any series: model quality, latency, daily cost.

A point's novelty is its left discord over windows of several lengths, once against everything before it and once
against the same time of earlier seasons. It stands out where the novelty exceeds, by a margin, the greatest that the
series has shown so far; that record fades with the seasons. What repeats, however wild it is, sets the record and is
then ordinary; noise seldom exceeds its own record by the margin.

One setting serves every series. The first two seasons only teach what is ordinary: nothing stands out in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nephoscope.series.discord import Floats, left_discords
from nephoscope.series.learning import LEAST_POINTS, SEASONS, learning_points
from nephoscope.series.season import points_per_season

Kind: TypeAlias = Literal["spike", "drop", "step", "drift", "shape"]

STANDS_OUT = 0.5  # the score from which a point is part of an anomaly


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How much more than ever before is an anomaly."""

    margin: float = 1.2  # times the record, against everything before
    seasonal_margin: float = 1.25  # times the record, against the same time of earlier seasons
    fading_seasons: float = 12.0  # after which a record counts half
    floor: float = 0.02  # of the range seen so far: less than that is never an anomaly
    learning_seasons: int = SEASONS
    learning_points: int = LEAST_POINTS  # at least, where a season has many points
    lags: int = 8_064  # how far back a neighbour may lie, in points: four weeks of five minutes


@dataclass(frozen=True, slots=True)
class SeriesAnomaly:
    """A stretch of a series that stands out; indices are inclusive."""

    start: int
    end: int
    peak: int
    score: float
    expected: float | None  # at the peak
    kind: Kind


@dataclass(frozen=True, slots=True)
class Scores:
    """One score a point, NaN where the value is missing, and the stretches that stand out."""

    scores: Floats
    expected: Floats  # NaN where nothing can be expected yet
    anomalies: tuple[SeriesAnomaly, ...]


DEFAULT = Sensitivity()


def anomalies(
    seconds: NDArray[np.float64], values: Floats, sensitivity: Sensitivity = DEFAULT, *, season: int | None = None
) -> Scores:
    """
    Find what stands out in a series.

    Args:
        seconds: Times in seconds, shape (n,), ascending.
        values: The series, shape (n,); NaN where a value is missing.
        sensitivity: How much more than ever before is an anomaly.
        season: Points a season; told from the times when absent.

    Returns:
        Scores from 0 to 1; each uses no later point. A point with 0.5 or more is part of an anomaly.
    """
    length = season or points_per_season(seconds)
    filled = carried_forward(values)
    expected = expectations(filled, length)
    scores = novelty(filled, length, sensitivity)
    scores[np.isnan(values)] = np.nan
    stretches = _stretches(scores, gap=max(1, length // 2))
    found = tuple(_anomaly(filled, expected, scores, length, start, end) for start, end in stretches)
    return Scores(scores, expected, found)


def carried_forward(values: Floats) -> Floats:
    """
    Put the last known value where one is missing; 0 before the first.

    >>> carried_forward(np.array([np.nan, 2.0, np.nan, 3.0])).tolist()
    [0.0, 2.0, 2.0, 3.0]
    """
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)


def expectations(values: Floats, season: int) -> Floats:
    """
    Expect the median of the same time in up to seven earlier seasons.

    Returns:
        Shape (n,); NaN in the first season.
    """
    count = len(values)
    earlier = np.full((7, count), np.nan)
    for row in range(7):
        lag = (row + 1) * season
        if lag < count:
            earlier[row, lag:] = values[:-lag]
    result = np.full(count, np.nan)
    if count > season:
        result[season:] = np.nanmedian(earlier[:, season:], axis=0)
    return result


def novelty(values: Floats, season: int, sensitivity: Sensitivity) -> Floats:
    """Score each point by how far its novelty exceeds the record."""
    least = min(3, max(1, season // 2))
    short, long = max(least, season // 24), max(least, season // 6)
    sight = min(len(values), sensitivity.lags)
    learning = learning_points(season, seasons=sensitivity.learning_seasons, least=sensitivity.learning_points)
    fading = 0.5 ** (1 / (sensitivity.fading_seasons * season))
    floor = _floor(values, sensitivity.floor)
    ratios = np.zeros(len(values))
    for distances, margin, taught in (
        (left_discords(values, sorted({least, short, long}), range(1, sight)), sensitivity.margin, learning),
        (
            left_discords(values, sorted({short, long}), _same_time(season, sight)),
            sensitivity.seasonal_margin,
            learning + season,
        ),
    ):
        for distance in distances:
            np.maximum(ratios, _ratios(distance, floor, margin, taught, fading), out=ratios)
    return ratios / (1.0 + ratios)


def _same_time(season: int, sight: int) -> list[int]:
    """The lags of the same time of earlier seasons, half an hour of a day early or late."""
    tolerance = season // 48
    seasons = range(season, sight, season)
    return [lag for back in seasons for lag in range(back - tolerance, back + tolerance + 1) if lag < sight]


def _floor(values: Floats, share: float) -> Floats:
    """What is too little to be an anomaly at each point, told by the points before it."""
    spread = np.maximum.accumulate(values) - np.minimum.accumulate(values)
    least = np.maximum(share * spread, 1e-9 * np.maximum.accumulate(np.abs(values)))
    return np.concatenate([[0.0], least[:-1]])


def _ratios(distance: Floats, floor: Floats, margin: float, taught: int, fading: float) -> Floats:
    """
    Divide each distance by the record before it, times the margin; 1 is where a point begins to stand out.

    The margin is wider while the record rests on few points.
    """
    ratios = np.zeros(len(distance))
    record = 0.0
    for index, (now, least) in enumerate(zip(distance.tolist(), floor.tolist(), strict=True)):
        if math.isinf(now):
            continue
        if index >= taught and now > 0:
            wanted = max(margin * (1 + 0.5 / math.sqrt(index)) * record, least)
            ratios[index] = now / wanted if wanted > 0 else 1e6
        record = max(record * fading, now)
    return ratios


def _stretches(scores: Floats, gap: int) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for index in np.flatnonzero(np.nan_to_num(scores) >= STANDS_OUT).tolist():
        if stretches and index - stretches[-1][1] <= gap:
            stretches[-1] = (stretches[-1][0], index)
        else:
            stretches.append((index, index))
    return stretches


def _anomaly(values: Floats, expected: Floats, scores: Floats, season: int, start: int, end: int) -> SeriesAnomaly:
    peak = start + int(np.nanargmax(scores[start : end + 1]))
    usual = float(expected[peak])
    until = max(end + 1, start + season)
    return SeriesAnomaly(
        start,
        end,
        peak,
        float(scores[peak]),
        None if math.isnan(usual) else usual,
        kind_of(values[start:until], expected[start:until], season, length=end + 1 - start),
    )


def kind_of(values: Floats, expected: Floats, season: int, *, length: int) -> Kind:
    """
    Name what happened from its first point on: a short rise or fall, a lasting one at once or by and by, or another
    shape at the same level.

    Args:
        values: The series from the anomaly's first point up to a season later, or as far as it is known.
        expected: What was expected there.
        season: Points a season: what lasts for half of one is a step or a drift.
        length: How many of the points stand out.

    >>> flat = np.full(8, 10.0)
    >>> short, lasting = np.array([30.0, *[10.0] * 7]), np.full(8, 20.0)
    >>> kind_of(short, flat, 8, length=1), kind_of(20 - short, flat, 8, length=1), kind_of(lasting, flat, 8, length=2)
    ('spike', 'drop', 'step')
    >>> kind_of(np.arange(11.0, 19.0), flat, 8, length=8), kind_of(np.array([5.0, 15.0] * 4), flat, 8, length=8)
    ('drift', 'shape')
    """
    moved = values - expected
    standing_out = moved[:length][~np.isnan(moved[:length])]
    if not len(standing_out):
        return "shape"
    level, size = float(np.mean(standing_out)), float(np.mean(np.abs(standing_out)))
    if abs(level) < 0.5 * size:
        return "shape"
    moved = moved[~np.isnan(moved)]
    peak = float(np.max(np.abs(moved)))
    lasts = len(moved) >= max(3, season // 2) and float(np.median(np.abs(moved))) > 0.4 * peak
    if not lasts:
        return "spike" if level > 0 else "drop"
    third = max(1, len(moved) // 3)
    first, last = abs(float(np.mean(moved[:third]))), abs(float(np.mean(moved[-third:])))
    return "drift" if last > 2 * first else "step"
