"""
Azure Monitor: metrics in the tables of a Log Analytics workspace, and those of Azure resources.

A partial result is returned and not raised; an empty workspace gives an empty answer that holds no table at all;
numbers may come as text. What is not whole is no series.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult, LogsTable

from nephoscope.adapters.azure.faults import MALFORMED, malformed, unanswered
from nephoscope.adapters.azure.kql import names_kql, series_kql
from nephoscope.adapters.azure.patience import LongWait, ShortWaits
from nephoscope.adapters.azure.resource_metrics import ResourceMetrics
from nephoscope.monitoring.answer import (
    Answer,
    Fault,
    Point,
    Series,
    Unknown,
    Variants,
    failed,
    in_order,
    variants_of,
    wrong_name,
)
from nephoscope.monitoring.query import Query, Statistic, Window, labelled

ROWS_MOST = 400_000  # of 500,000, beyond which an answer is partial
LISTED_MOST = 10_000
LISTED_PAST = timedelta(days=14)
RETRIES = {
    "retry_total": 3,
    "retry_backoff_factor": 0.5,
    "retry_backoff_max": 8,
    "connection_timeout": 5,
    "read_timeout": 20,
}
SERVER_SECONDS = 20

VALUES: Mapping[Statistic, Callable[[Mapping[str, float]], float]] = {
    Statistic.MEAN: lambda row: row["Sum"] / row["Count"],
    Statistic.SUM: lambda row: row["Sum"],
    Statistic.MIN: lambda row: row["Min"],
    Statistic.MAX: lambda row: row["Max"],
}


class AzureMonitorMetrics:
    """One workspace, and the resources of one region."""

    def __init__(
        self, credential: TokenCredential, workspace: str, resources: ResourceMetrics | None = None, **client: Any
    ) -> None:
        self._workspace = workspace
        self._resources = resources
        self._logs = LogsQueryClient(credential, **RETRIES | {"per_retry_policies": [ShortWaits()]} | client)

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        """Answer every query: one KQL for all that have the same tables and labels, as far as its rows reach."""
        logs = [asked for asked in queries if not asked.resource]
        if not self._workspace:
            nowhere = failed(Fault.REFUSED, "The metrics of a workspace need its id in the configuration.")
            return {**dict.fromkeys(logs, nowhere), **self._of_resources(queries, window)}
        answers: dict[Query, Answer] = {}
        most = max(1, ROWS_MOST // len(window.starts))
        for group in alike(logs):
            for start in range(0, len(group), most):
                answers |= self._asked(group[start : start + most], window)
        answers |= self._of_resources(queries, window)
        return answers

    def variants(self, queries: Sequence[Query], label: str, window: Window) -> Mapping[Query, Variants]:
        """The same queries with each value of one more property that had data of late; resources' metrics have none."""
        answers: dict[Query, Variants] = {asked: () for asked in queries if asked.resource}
        for group in alike(asked for asked in queries if not asked.resource):
            listed = self._listed([labelled(asked, label, "") for asked in group], window)
            answers |= {asked: variants_of(asked, label, listed) for asked in group}
        return answers

    def _listed(self, queries: Sequence[Query], window: Window) -> list[Query] | Unknown:
        """The metrics of the last two weeks, by the labels of these queries, and spelled as they are."""
        past = replace(window, start=window.end - LISTED_PAST)
        try:
            asked = names_kql(queries, past, most=LISTED_MOST)
        except ValueError as error:
            return failed(Fault.REFUSED, f"The question cannot be asked: {error}.")
        table = self._table(asked, past)
        if isinstance(table, Unknown):
            return table
        if len(table.rows) >= LISTED_MOST:
            return failed(Fault.PARTIAL, f"There are more than {LISTED_MOST} series of it.")
        spelled = {each.name.lower(): each.name for each in queries}
        return [
            replace(queries[0], name=spelled.get(name.lower(), name), labels=labels)
            for name, labels in _keys(table, queries[0])
        ]

    def _of_resources(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        theirs = [asked for asked in queries if asked.resource]
        if self._resources is None:
            nowhere = failed(Fault.REFUSED, "The metrics of Azure resources need a region in the configuration.")
            return dict.fromkeys(theirs, nowhere)
        return self._resources.points(theirs, window)

    def _asked(self, queries: Sequence[Query], window: Window) -> dict[Query, Answer]:
        try:
            asked = series_kql(queries, window)
        except ValueError as error:
            return dict.fromkeys(queries, failed(Fault.REFUSED, f"The question cannot be asked: {error}."))
        table = self._table(asked, window)
        if isinstance(table, Unknown):
            return dict.fromkeys(queries, table)
        answers = _series(table, queries)
        return answers | self._explained([each for each in queries if not answers[each].points], window)

    def _explained(self, queries: Sequence[Query], window: Window) -> dict[Query, Answer]:
        """Tell a metric without data from one that was never there; where that cannot be told, it has no data."""
        found = self._listed(queries, window) if queries else []
        if isinstance(found, Unknown):
            return {}
        listed = set(map(str, found))
        return {asked: wrong_name(str(asked), listed) for asked in queries if str(asked) not in listed}

    def _table(self, kql: str, window: Window) -> LogsTable | Unknown:
        try:
            found = self._logs.query_workspace(
                self._workspace, kql, timespan=(window.start, window.end), server_timeout=SERVER_SECONDS
            )
        except AzureError as error:
            return unanswered(error)
        except LongWait as error:
            return failed(Fault.QUOTA, error.what)
        except MALFORMED as error:
            return malformed(error)
        if isinstance(found, LogsQueryPartialResult):
            said = found.partial_error.message if found.partial_error else "without saying why"
            return failed(Fault.PARTIAL, f"Azure Monitor answered in part: {said}.")
        if not found.tables:
            return failed(Fault.SERVICE, "Azure Monitor gave an empty answer, without a table.")
        return found.tables[0]


def alike(queries: Iterable[Query]) -> list[list[Query]]:
    """Queries grouped by what one KQL can ask: the same tables and the same labels."""
    groups: dict[tuple[str, ...], list[Query]] = {}
    for asked in queries:
        groups.setdefault((asked.namespace, *(name for name, _ in asked.labels)), []).append(asked)
    return list(groups.values())


def _series(table: LogsTable, queries: Sequence[Query]) -> dict[Query, Series]:
    points: dict[str, list[tuple[Any, Mapping[str, float]]]] = {}
    first = queries[0]
    for row, (name, labels) in zip(table.rows, _keys(table, first), strict=True):
        numbers = {column: _number(row[column]) for column in ("Sum", "Count", "Min", "Max")}
        points.setdefault(str(replace(first, name=name, labels=labels)), []).append((row["Start"], numbers))
    # The query tells names in lower case.
    lower = {asked: str(replace(asked, name=asked.name.lower())) for asked in queries}
    return {asked: _one(asked, points.get(lower[asked], ())) for asked in queries}


def _one(asked: Query, rows: Iterable[tuple[Any, Mapping[str, float]]]) -> Series:
    # A period without items has no mean, and no other statistic either.
    value = VALUES[asked.statistic]
    return Series(in_order([Point(at.astimezone(UTC), value(row)) for at, row in rows if row["Count"] > 0]))


def _keys(table: LogsTable, first: Query) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    names = [name for name, _ in first.labels]
    return [
        (row["Name"], tuple((name, row[f"label{number}"]) for number, name in enumerate(names))) for row in table.rows
    ]


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
