"""A limit that adapts: a period breaches where the suite's anomaly check says that it stands out from its own past."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from nephoscope.findings import Direction, Verdict
from nephoscope.monitoring.answer import Point
from nephoscope.monitoring.query import Window
from nephoscope.series.learning import LEAST_POINTS, learning_points, season_of


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Which past is ordinary, and to which side good values lie."""

    past: timedelta
    direction: Direction = Direction.BETWEEN


@dataclass(frozen=True, slots=True)
class Novelty:
    """How each judged period stands to its past: its score from 0 to 1, and the value that was expected."""

    verdicts: tuple[Verdict, ...]
    scores: tuple[float, ...]
    expected: tuple[float, ...]  # NaN where nothing could be expected


def least_points(period: timedelta) -> int:
    """
    How many known periods of a past it takes to judge by it: before, the anomaly check only learns.

    >>> [least_points(timedelta(minutes=minutes)) for minutes in (1, 5, 60)]
    [2880, 576, 150]
    """
    return max(LEAST_POINTS, learning_points(season_of(period)))


def novelty(
    past: Sequence[Point], judged: Sequence[float | None], window: Window, adaptive: Adaptive
) -> Novelty | None:
    """
    Score the judged periods as the continuation of their past.

    Args:
        past: What was before the window, each point of one period.
        judged: The window's values, the oldest first; None where there is none.
        window: The periods that are judged.
        adaptive: The side that matters: `at_least` lets rises pass, `at_most` falls.

    Returns:
        None where the past has fewer than `least_points`: the check would still be learning.
    """
    # The settings know `Adaptive`: numpy and the check are for those functions only that judge by it.
    import numpy as np

    from nephoscope.series.anomalies import STANDS_OUT, anomalies

    known = {point.at: point.value for point in past if math.isfinite(point.value)}
    if len(known) < least_points(window.period):
        return None
    before = window.before(window.start - min(known))
    values = [known.get(start, math.nan) for start in before.starts]
    values += [math.nan if value is None else value for value in judged]
    seconds = np.array([start.timestamp() for start in (*before.starts, *window.starts)])
    found = anomalies(seconds, np.array(values))
    scores = found.scores[len(before.starts) :].tolist()
    expected = found.expected[len(before.starts) :].tolist()
    triples = zip(judged, scores, expected, strict=True)
    verdicts = tuple(_verdict(value, score >= STANDS_OUT, usual, adaptive.direction) for value, score, usual in triples)
    return Novelty(verdicts, tuple(scores), tuple(expected))


def _verdict(value: float | None, stands_out: bool, expected: float, direction: Direction) -> Verdict:
    if value is None:
        return Verdict.UNKNOWN
    if not stands_out:
        return Verdict.OK
    good_side = {
        Direction.AT_LEAST: value > expected,
        Direction.AT_MOST: value < expected,
        Direction.BETWEEN: False,
    }
    return Verdict.OK if good_side[direction] else Verdict.BREACH
