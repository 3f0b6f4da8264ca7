"""Model metrics in one SQLite file: what CloudWatch, Azure Monitor and Cloud Monitoring are in a cloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from nephoscope.adapters.local.database import Database
from nephoscope.errors import NephoscopeError
from nephoscope.monitoring.answer import Answer, Fault, Point, Series, Variants, failed, variants_of, wrong_name
from nephoscope.monitoring.query import Query, Statistic, Window, query

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS samples (namespace TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL,"
    " at REAL NOT NULL, value REAL NOT NULL, PRIMARY KEY (namespace, name, labels, at)) WITHOUT ROWID"
)
_STATISTICS: Mapping[Statistic, Callable[[Sequence[float]], float]] = {
    Statistic.MEAN: fmean,
    Statistic.SUM: sum,
    Statistic.MIN: min,
    Statistic.MAX: max,
}


class SqliteMetrics:
    """Samples in a SQLite file that any number of processes may share."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        """Answer every query; a query finds the samples that have all of its labels, and maybe more."""
        try:
            return {asked: self._answer(asked, window) for asked in queries}
        except NephoscopeError as error:
            return dict.fromkeys(queries, failed(Fault.SERVICE, error.what))

    def variants(
        self,
        queries: Sequence[Query],
        label: str,
        window: Window,  # noqa: ARG002  whatever there ever was
    ) -> Mapping[Query, Variants]:
        """The same queries with each value of one more label."""
        try:
            listed = self._listed()
        except NephoscopeError as error:
            return dict.fromkeys(queries, failed(Fault.SERVICE, error.what))
        kept = [(each, {label, *(name for name, _ in asked.labels)}) for asked in queries for each in listed]
        few = [replace(each, labels=tuple(pair for pair in each.labels if pair[0] in names)) for each, names in kept]
        return {asked: variants_of(asked, label, few) for asked in queries}

    def _listed(self) -> list[Query]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT DISTINCT namespace, name, labels FROM samples").fetchall()
        return [query(namespace, name, json.loads(labels)) for namespace, name, labels in rows]

    def _answer(self, asked: Query, window: Window) -> Answer:
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT labels, at, value FROM samples WHERE namespace = ? AND name = ? AND at >= ? AND at < ?",
                (asked.namespace, asked.name, window.start.timestamp(), window.end.timestamp()),
            ).fetchall()
        wanted = dict(asked.labels).items()
        samples = [(at, value) for labels, at, value in rows if wanted <= json.loads(labels).items()]
        return Series(_periods(samples, asked.statistic, window)) if samples else self._without_data(asked)

    def _without_data(self, asked: Query) -> Answer:
        names = dict(asked.labels)
        there = [replace(each, labels=tuple(p for p in each.labels if p[0] in names)) for each in self._listed()]
        listed = [str(each) for each in there]
        return Series() if str(asked) in listed else wrong_name(str(asked), listed)


def _periods(samples: Iterable[tuple[float, float]], statistic: Statistic, window: Window) -> tuple[Point, ...]:
    """One point for each period that has samples."""
    seconds = window.period.total_seconds()
    start = window.start.timestamp()
    periods: dict[int, list[float]] = {}
    for at, value in samples:
        periods.setdefault(int((at - start) // seconds), []).append(value)
    summed = _STATISTICS[statistic]
    return tuple(
        Point(datetime.fromtimestamp(start + number * seconds, UTC), float(summed(values)))
        for number, values in sorted(periods.items())
    )
