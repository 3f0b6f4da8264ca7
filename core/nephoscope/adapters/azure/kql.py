"""
One KQL query for many models.

Names and values are bound as JSON in `dynamic` literals, which nothing can break out of: JSON escapes quotes,
backslashes and everything beyond ASCII. Tables and labels cannot be bound, so only plain ones are taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from nephoscope.monitoring.query import Query, Window

_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def tables_of(namespace: str) -> list[str]:
    """
    The tables that a query reads as one.

    Raises:
        ValueError: One of them is no table's name.

    >>> tables_of("AppMetrics, NephoscopeMetrics_CL")
    ['AppMetrics', 'NephoscopeMetrics_CL']
    """
    names = [name.strip() for name in namespace.split(",")]
    for name in names:
        if not _TABLE.fullmatch(name):
            raise ValueError(f"'{name}' is no table's name")
    return names


def series_kql(queries: Sequence[Query], window: Window) -> str:
    """
    The query for series of the same tables and labels: one row a series and period.

    Columns: Name, label0, label1, …, Start, Sum, Count, Min, Max. "Mean = sum(Sum) / sum(ItemCount)": the rows are
    pre-aggregated, so an average of them would be wrong. Names are told in lower case, in which OpenTelemetry writes
    them whatever they were called.

    Raises:
        ValueError: A table or a label has a name that cannot be written into a query.
    """
    labels = _labels(queries[0])
    keys = ", ".join(["Name = tolower(Name)", *(f"label{number}" for number in range(len(labels)))])
    seconds = round(window.period.total_seconds())
    return "\n".join(
        [
            *_bound(queries, labels),
            _source(queries[0]),
            f"| where TimeGenerated >= {_time(window.start)} and TimeGenerated < {_time(window.end)}",
            *_chosen(labels),
            "| summarize Sum = sum(Sum), Count = sum(ItemCount), Min = min(Min), Max = max(Max)",
            f"    by {keys}, Start = bin_at(TimeGenerated, {seconds}s, {_time(window.start)})",
        ]
    )


def names_kql(queries: Sequence[Query], window: Window, *, most: int) -> str:
    """
    The query for the names and labels that exist, for spelling hints.

    Raises:
        ValueError: As `series_kql` does.
    """
    labels = _labels(queries[0])
    extended = [f"| extend label{n} = tostring(Properties[{json.dumps(label)}])" for n, label in enumerate(labels)]
    keys = ", ".join(["Name", *(f"label{number}" for number in range(len(labels)))])
    return "\n".join(
        [
            _source(queries[0]),
            f"| where TimeGenerated between ({_time(window.start)} .. {_time(window.end)})",
            *extended,
            f"| distinct {keys}",
            f"| take {most}",
        ]
    )


def _labels(asked: Query) -> list[str]:
    names = [name for name, _ in asked.labels]
    for name in names:
        if not _LABEL.fullmatch(name):
            raise ValueError(f"'{name}' is no property's name that a query can be asked for")
    return names


def _source(asked: Query) -> str:
    tables = tables_of(asked.namespace)
    return tables[0] if len(tables) == 1 else f"union {', '.join(tables)}"


def _bound(queries: Sequence[Query], labels: Sequence[str]) -> list[str]:
    values = [{asked.labels[number][1] for asked in queries} for number in range(len(labels))]
    return [
        f"let names = {_dynamic({asked.name for asked in queries})};",
        *(f"let values{number} = {_dynamic(each)};" for number, each in enumerate(values)),
    ]


def _chosen(labels: Sequence[str]) -> list[str]:
    chosen = ["| where Name in~ (names)"]
    for number, label in enumerate(labels):
        chosen.append(f"| extend label{number} = tostring(Properties[{json.dumps(label)}])")
        chosen.append(f"| where label{number} in (values{number})")
    return chosen


def _dynamic(values: Iterable[str]) -> str:
    return f"dynamic({json.dumps(sorted(values))})"


def _time(at: datetime) -> str:
    return f"datetime({at.isoformat()})"
