"""What models did over a month, out of each cloud's metric store: predictions and quality, for unit economics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import fmean
from typing import Final

from nephoscope.cost.month import midnight
from nephoscope.monitoring.answer import Answer, Unknown
from nephoscope.monitoring.query import Query, Window
from nephoscope.ports import Metrics
from nephoscope.settings import Settings
from nephoscope.settings.watches import Asked, asked

QUALITY: Final = "accuracy"
DAY = timedelta(days=1)


def model_use(stores: Mapping[str, Metrics], first: date, end: date, settings: Settings) -> dict[str, str]:
    """
    Count each model's predictions from a day to another, exclusive, and take the mean of its accuracy.

    Returns:
        Readings `predictions/<model>/<cloud>` and `accuracy/<model>/<cloud>`; none where the store does not tell.
    """
    window = Window(midnight(first), midnight(end), DAY)
    found: dict[str, str] = {}
    for cloud, share in asked(settings).items():
        wanted = _questions(share)
        if cloud not in stores or not wanted:
            continue
        answers = stores[cloud].points(tuple(dict.fromkeys(wanted.values())), window)
        for (reading, model), query in wanted.items():
            values = _values(answers[query])
            if values:
                number = round(math.fsum(values)) if reading == "predictions" else fmean(values)
                found[f"{reading}/{model}/{cloud}"] = str(number)
    return found


def _questions(share: Asked) -> dict[tuple[str, str], Query]:
    predictions = {("predictions", model): query for model, query in share.weights.items()}
    quality = {(QUALITY, watch.model): watch.query for watch in share.watches if watch.metric == QUALITY}
    return predictions | quality


def _values(answer: Answer) -> list[float]:
    if isinstance(answer, Unknown):
        return []
    return [point.value for point in answer.points if math.isfinite(point.value)]
