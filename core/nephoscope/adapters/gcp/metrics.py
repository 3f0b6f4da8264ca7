"""
Google Cloud Monitoring, by ListTimeSeries.

The interval is half open at its start, (start, end], and an aligned point is stamped with the end of its period. A
filter names exactly one metric type. Points come newest first, a value is one of several kinds, and a page may carry
errors beside its series.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from functools import cached_property
from itertools import count
from typing import Any

from google.api_core.exceptions import (
    GoogleAPIError,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
)
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import monitoring_v3

from nephoscope.adapters.gcp.faults import unanswered
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

FILTER_MOST = 2_000  # characters; longer filters are refused, so then every series of the type is read
NAMED_MOST = 100
LISTED_PAGES_MOST = 5
LISTED_PAST = timedelta(days=14)
TRIES_MOST = 4
WAIT_SECONDS_MOST = 2.0
TRANSIENT = (TooManyRequests, InternalServerError, ServiceUnavailable)

_Aligner = monitoring_v3.Aggregation.Aligner
_Reducer = monitoring_v3.Aggregation.Reducer
STATISTICS = {
    Statistic.MEAN: (_Aligner.ALIGN_MEAN, _Reducer.REDUCE_MEAN),
    Statistic.SUM: (_Aligner.ALIGN_SUM, _Reducer.REDUCE_SUM),
    Statistic.MIN: (_Aligner.ALIGN_MIN, _Reducer.REDUCE_MIN),
    Statistic.MAX: (_Aligner.ALIGN_MAX, _Reducer.REDUCE_MAX),
}


class CloudMonitoringMetrics:
    """The metrics of one project."""

    def __init__(
        self, project: str, client: monitoring_v3.MetricServiceClient | None = None, *, read_seconds: float = 10.0
    ) -> None:
        self._name = f"projects/{project}"
        self._given = client
        self._read_seconds = read_seconds

    @cached_property
    def _client(self) -> monitoring_v3.MetricServiceClient:
        # Made with the first question, because missing credentials are an answer to it.
        return self._given or monitoring_v3.MetricServiceClient()

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        """Answer every query: one request for all models of a metric type."""
        answers: dict[Query, Answer] = {}
        for group in _alike(queries):
            answers |= self._asked(group, window)
        return answers

    def variants(self, queries: Sequence[Query], label: str, window: Window) -> Mapping[Query, Variants]:
        """The same queries with each value of one more label that had data of late."""
        answers: dict[Query, Variants] = {}
        for group in _alike(queries):
            listed = self._headers(labelled(group[0], label, ""), window)
            answers |= {asked: variants_of(asked, label, listed) for asked in group}
        return answers

    def _asked(self, queries: Sequence[Query], window: Window) -> dict[Query, Answer]:
        first = queries[0]
        request = _request(self._name, queries, window)
        found: dict[tuple[str, ...], list[Point]] = {}
        try:
            for series in self._series(request):
                key = tuple(_label(series, name) for name, _ in first.labels)
                found.setdefault(key, []).extend(
                    _point(point, window.period, first.statistic) for point in series.points
                )
        except NotFound as error:
            return self._nowhere(queries, unanswered(error))
        except (GoogleAPIError, GoogleAuthError) as error:
            return dict.fromkeys(queries, unanswered(error))
        except _NotWhole as why:
            return dict.fromkeys(queries, failed(Fault.PARTIAL, f"Cloud Monitoring answered in part: {why}."))
        answers: dict[Query, Answer] = {
            asked: Series(in_order(found.get(tuple(value for _, value in asked.labels), ()))) for asked in queries
        }
        return answers | self._explained([asked for asked in queries if not found.get(_values(asked))], window)

    def _series(self, request: monitoring_v3.ListTimeSeriesRequest, most: int | None = None) -> Iterator[Any]:
        tokens: set[str] = set()
        pages = self._client.list_time_series(
            request=request, retry=_retry(self._read_seconds), timeout=self._read_seconds
        ).pages
        for number, page in enumerate(pages, 1):
            if page.execution_errors:
                raise _NotWhole("; ".join(error.message for error in page.execution_errors))
            yield from page.time_series
            if page.next_page_token in tokens or number == most:
                raise _NotWhole("its pages do not end")
            if page.next_page_token:
                tokens.add(page.next_page_token)

    def _explained(self, queries: Sequence[Query], window: Window) -> dict[Query, Answer]:
        """Tell a series without data from one that was never there; where that cannot be told, it has no data."""
        found = self._headers(queries[0], window) if queries else []
        if isinstance(found, Unknown):
            return {}
        listed = set(map(str, found))
        return {asked: wrong_name(str(asked), listed) for asked in queries if str(asked) not in listed}

    def _headers(self, like: Query, window: Window) -> list[Query] | Unknown:
        """The series of a metric type, by the labels of one query."""
        request = monitoring_v3.ListTimeSeriesRequest(
            name=self._name,
            filter=f"metric.type = {_quoted(type_of(like))}",
            interval=monitoring_v3.TimeInterval(start_time=window.end - LISTED_PAST, end_time=window.end),
            view=monitoring_v3.ListTimeSeriesRequest.TimeSeriesView.HEADERS,
        )
        try:
            return [
                replace(like, labels=tuple((name, _label(series, name)) for name, _ in like.labels))
                for series in self._series(request, LISTED_PAGES_MOST + 1)
            ]
        except (GoogleAPIError, GoogleAuthError) as error:
            return unanswered(error)
        except _NotWhole as why:
            return failed(Fault.PARTIAL, f"Cloud Monitoring listed in part: {why}.")

    def _nowhere(self, queries: Sequence[Query], unknown: Unknown) -> dict[Query, Answer]:
        first = queries[0]
        try:
            listed = self._client.list_metric_descriptors(
                request={"name": self._name, "filter": f"metric.type = starts_with({_quoted(first.namespace)})"},
                retry=_retry(self._read_seconds),
                timeout=self._read_seconds,
            )
            return dict.fromkeys(queries, wrong_name(type_of(first), [each.type for each in listed]))
        except (GoogleAPIError, GoogleAuthError):
            return dict.fromkeys(queries, unknown)


class _NotWhole(Exception):
    """An answer of which a part is missing."""


def type_of(asked: Query) -> str:
    """
    The metric type of a query.

    >>> type_of(Query("custom.googleapis.com/mlops/models", "accuracy", ()))
    'custom.googleapis.com/mlops/models/accuracy'
    """
    return f"{asked.namespace}/{asked.name}"


def _request(project: str, queries: Sequence[Query], window: Window) -> monitoring_v3.ListTimeSeriesRequest:
    first = queries[0]
    aligner, reducer = STATISTICS[first.statistic]
    return monitoring_v3.ListTimeSeriesRequest(
        name=project,
        filter=filter_of(queries),
        interval=monitoring_v3.TimeInterval(start_time=window.start, end_time=window.end),
        aggregation=monitoring_v3.Aggregation(
            alignment_period=window.period,
            per_series_aligner=aligner,
            cross_series_reducer=reducer,
            group_by_fields=[_field(name) for name, _ in first.labels],
        ),
        view=monitoring_v3.ListTimeSeriesRequest.TimeSeriesView.FULL,
    )


def filter_of(queries: Sequence[Query]) -> str:
    """
    The filter for queries of one metric type; it names the label values where they are few enough.

    >>> filter_of([Query("custom.googleapis.com/m", "accuracy", (("model_name", 'a"b'),))])
    'metric.type = "custom.googleapis.com/m/accuracy" AND metric.label.model_name = one_of("a\\\\"b")'
    """
    first = queries[0]
    terms = [f"metric.type = {_quoted(type_of(first))}"]
    for number, (name, _) in enumerate(first.labels):
        values = sorted({asked.labels[number][1] for asked in queries})
        terms.append(f"{_field(name)} = one_of({', '.join(map(_quoted, values))})")
    whole = " AND ".join(terms)
    return whole if len(whole) <= FILTER_MOST and len(queries) <= NAMED_MOST else terms[0]


def _alike(queries: Sequence[Query]) -> list[list[Query]]:
    """Queries grouped by what one request can ask: the same metric type, labels and statistic."""
    groups: dict[tuple[object, ...], list[Query]] = {}
    for asked in queries:
        shape = (type_of(asked), asked.statistic, *(name for name, _ in asked.labels))
        groups.setdefault(shape, []).append(asked)
    return list(groups.values())


def _values(asked: Query) -> tuple[str, ...]:
    return tuple(value for _, value in asked.labels)


def _field(name: str) -> str:
    """A label of the metric, or of the monitored resource where its name says so."""
    return (
        f"resource.label.{name.removeprefix('resource.')}" if name.startswith("resource.") else f"metric.label.{name}"
    )


def _label(series: Any, name: str) -> str:
    labels = series.resource.labels if name.startswith("resource.") else series.metric.labels
    return str(labels.get(name.removeprefix("resource."), ""))


def _point(point: Any, period: timedelta, statistic: Statistic) -> Point:
    return Point((point.interval.end_time - period).astimezone(UTC), _number(point.value, statistic))


def _number(value: Any, statistic: Statistic) -> float:
    """Read whichever of its kinds a value is; of a distribution only mean and sum are told."""
    kind = monitoring_v3.TypedValue.pb(value).WhichOneof("value")
    if kind in ("double_value", "int64_value", "bool_value"):
        return float(getattr(value, kind))
    spread = value.distribution_value
    if kind != "distribution_value" or not spread.count or statistic in (Statistic.MIN, Statistic.MAX):
        return math.nan
    return float(spread.mean if statistic is Statistic.MEAN else spread.mean * spread.count)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _retry(read_seconds: float) -> Retry:
    tries = count(1)

    def again(error: BaseException) -> bool:
        return isinstance(error, TRANSIENT) and next(tries) < TRIES_MOST

    predicate: Callable[[BaseException], bool] = again
    longest = TRIES_MOST * (read_seconds + WAIT_SECONDS_MOST)
    return Retry(predicate=predicate, initial=0.2, maximum=WAIT_SECONDS_MOST, multiplier=2.0, timeout=longest)
