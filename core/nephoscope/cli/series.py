"""`nephoscope series anomalies`: the suite's anomaly check on any time series."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from nephoscope.cli.answer import Answer
from nephoscope.cli.paths import existing_file
from nephoscope.errors import Unreadable
from nephoscope.findings import Verdict

if TYPE_CHECKING:
    from nephoscope.adapters.files.series import FileSeries


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare `series anomalies`."""
    actions = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    found = actions.add_parser(
        "anomalies",
        parents=[options],
        help="find what stands out in a file's series",
        description="Finds what stands out in a time series, by the check that watches metrics and daily cost.",
    )
    found.add_argument("file", type=Path, metavar="FILE", help="CSV, JSON Lines or Parquet, also in gz or zst")
    found.add_argument("--time", default="timestamp", metavar="COLUMN", help="its times (default: timestamp)")
    found.add_argument("--value", default="value", metavar="COLUMN", help="its numbers (default: value)")
    found.set_defaults(run=run_anomalies, name="series.anomalies")


def run_anomalies(arguments: argparse.Namespace) -> Answer:
    """Read a series, score every point, name the stretches that stand out."""
    from nephoscope.adapters.files.series import read_series

    try:
        series = read_series(existing_file(arguments.file), arguments.time, arguments.value)
    except Unreadable as error:
        return _unknown(error.what)
    if all(math.isnan(value) for value in series.values):
        return _unknown(f"'{arguments.file.name}' has no finite value in '{arguments.value}'.", len(series.values))
    return _answer(series)


def _unknown(reason: str, points: int = 0) -> Answer:
    document = {
        "points": points,
        "anomalies": [],
        "scores": [None] * points,
        "verdict": str(Verdict.UNKNOWN),
        "reason": reason,
    }
    return Answer(document, lambda console: console.print(escape(f"Unknown: {reason}")), [Verdict.UNKNOWN])


def _answer(series: FileSeries) -> Answer:
    import numpy as np

    from nephoscope.adapters.files.series import in_order
    from nephoscope.series.anomalies import SeriesAnomaly, anomalies

    order = in_order(series)
    seconds, values = (np.array(column)[order] for column in (series.seconds, series.values))
    try:
        with np.errstate(over="raise", invalid="raise"):
            found = anomalies(seconds, values)
    except FloatingPointError:
        largest = float(np.nanmax(np.abs(values)))
        return _unknown(f"Values up to {largest:.3g} are too large to be compared.", len(order))
    scores = [math.nan] * len(order)
    for row, score in zip(order, found.scores.tolist(), strict=True):
        scores[row] = score

    def entry(anomaly: SeriesAnomaly) -> dict[str, Any]:
        return {
            "start": series.times[order[anomaly.start]],
            "end": series.times[order[anomaly.end]],
            "peak": series.times[order[anomaly.peak]],
            "score": anomaly.score,
            "expected": anomaly.expected,
            "kind": anomaly.kind,
        }

    verdict = Verdict.BREACH if found.anomalies else Verdict.OK
    entries = [entry(anomaly) for anomaly in found.anomalies]
    document = {
        "points": len(order),
        "anomalies": entries,
        "scores": [None if math.isnan(score) else score for score in scores],
        "verdict": str(verdict),
        "reason": None,
    }
    return Answer(document, lambda console: _print(console, len(order), entries), [verdict])


def _print(console: Console, points: int, found: Sequence[dict[str, Any]]) -> None:
    for entry in found:
        console.print(escape(f"{entry['kind']} from {entry['start']} to {entry['end']}, score {entry['score']:.2f}"))
    console.print(f"{len(found)} anomalies in {points} points")
