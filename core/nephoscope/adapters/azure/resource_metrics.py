"""
The metrics that Azure resources have by themselves, such as the latency of an online endpoint.

One call asks for all resources of one namespace, subscription and region. Once a filter is set only 10 series come back
unless more are asked for; labels are asked for with '*', so that no value is written into a filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.monitor.querymetrics import Metric, MetricsClient, MetricsQueryResult, MetricValue

from nephoscope.adapters.azure.faults import MALFORMED, malformed, unanswered
from nephoscope.adapters.azure.patience import LongWait, ShortWaits
from nephoscope.monitoring.answer import Answer, Fault, Point, Series, failed, in_order
from nephoscope.monitoring.query import Query, Statistic, Window

RESOURCES_A_CALL = 50
SERIES_MOST = 10_000
AGGREGATIONS = {
    Statistic.MEAN: "average",
    Statistic.SUM: "total",
    Statistic.MIN: "minimum",
    Statistic.MAX: "maximum",
}
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class ResourceMetrics:
    """The resources of one region."""

    def __init__(self, credential: TokenCredential, endpoint: str, **client: Any) -> None:
        self._client = MetricsClient(endpoint, credential, per_retry_policies=[ShortWaits()], **client)

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        """Answer every query: one call for all resources of a namespace with the same metrics and labels."""
        answers: dict[Query, Answer] = {}
        for group in _alike(queries):
            answers |= self._asked(group, window)
        return answers

    def _asked(self, queries: Sequence[Query], window: Window) -> dict[Query, Answer]:
        labels = [name for name, _ in queries[0].labels]
        if odd := [name for name in labels if not _LABEL.fullmatch(name)]:
            return dict.fromkeys(queries, failed(Fault.REFUSED, f"'{odd[0]}' is no label that can be asked for."))
        resources = sorted({asked.resource for asked in queries})
        try:
            found = self._client.query_resources(
                resource_ids=resources,
                metric_namespace=queries[0].namespace,
                metric_names=sorted({asked.name for asked in queries}),
                timespan=(window.start, window.end),
                granularity=window.period,
                aggregations=sorted(AGGREGATIONS.values()),
                filter=" and ".join(f"{name} eq '*'" for name in labels) or None,
                max_results=SERIES_MOST if labels else None,
            )
        except AzureError as error:
            return dict.fromkeys(queries, unanswered(error))
        except LongWait as error:
            return dict.fromkeys(queries, failed(Fault.QUOTA, error.what))
        except MALFORMED as error:
            return dict.fromkeys(queries, malformed(error))
        return {asked: _answer(asked, found, window) for asked in queries}


def _alike(queries: Iterable[Query]) -> list[list[Query]]:
    """Queries grouped by what one call can ask: one metric of up to fifty resources of one subscription."""
    shapes: dict[tuple[object, ...], list[Query]] = {}
    for asked in queries:
        subscription = asked.resource.casefold().split("/")[:3]
        shape = (asked.namespace, asked.name, *(name for name, _ in asked.labels), *subscription)
        shapes.setdefault(shape, []).append(asked)
    return [group for alike in shapes.values() for group in _chunks(alike)]


def _chunks(queries: Sequence[Query]) -> list[list[Query]]:
    resources = sorted({asked.resource for asked in queries})
    starts = range(0, len(resources), RESOURCES_A_CALL)
    return [[asked for asked in queries if asked.resource in resources[n : n + RESOURCES_A_CALL]] for n in starts]


def _answer(asked: Query, results: Iterable[MetricsQueryResult], window: Window) -> Answer:
    told = [(result, metric) for result in results for metric in result.metrics if _is_of(metric, asked)]
    if not told:
        return failed(Fault.PARTIAL, f"Azure Monitor's answer lacks '{asked.name}' of '{asked.resource}'.")
    result, metric = told[0]
    if result.granularity != window.period:
        return failed(Fault.PARTIAL, f"Azure Monitor answered with periods of {result.granularity}.")
    wanted = {name.casefold(): value.casefold() for name, value in asked.labels}
    points = [
        Point(value.timestamp.astimezone(UTC), number)
        for series in metric.timeseries
        if {name.casefold(): value.casefold() for name, value in series.metadata_values.items()} == wanted
        for value in series.data
        if (number := _number(value, asked.statistic)) is not None and window.start <= value.timestamp < window.end
    ]
    return Series(in_order(points))


def _is_of(metric: Metric, asked: Query) -> bool:
    """A metric's id starts with its resource's, in whatever case; the order of the results is not promised."""
    return metric.name == asked.name and metric.id.casefold().startswith(f"{asked.resource.casefold()}/")


def _number(value: MetricValue, statistic: Statistic) -> float | None:
    number: float | None = getattr(value, AGGREGATIONS[statistic])
    return number
