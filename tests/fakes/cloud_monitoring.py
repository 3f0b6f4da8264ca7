"""
Cloud Monitoring's MetricService over gRPC, driven by Google's client.

As the service documents it: the filter must name one metric type; the interval is (start, end]; aligned points are
stamped with the end of their period, newest first; a type that was never written is NOT_FOUND; a written point must be
newer than every point of its series.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import grpc
from fakes.samples import SUMMARIES, Samples, periods
from google.api import metric_pb2
from google.cloud import monitoring_v3
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport
from google.protobuf import empty_pb2
from google.rpc import status_pb2

HANG_SECONDS = 30.0
ONE_OF = re.compile(r'metric\.label\.(\w+) = one_of\(((?:"(?:[^"\\]|\\.)*"(?:, )?)*)\)')
STATISTICS = {12: "Average", 14: "Sum", 10: "Minimum", 11: "Maximum"}
MICROSECOND = timedelta(microseconds=1)


@dataclass
class CloudMonitoring:
    """A project's series, and what goes wrong next."""

    samples: Samples = field(default_factory=Samples)  # namespace "" and name = the metric type
    page_series: int = 100_000
    script: deque[Any] = field(default_factory=deque)  # a StatusCode, "hang", or None for the service
    execution_error: str = ""
    same_token: bool = False
    value_kind: str = "double_value"
    requests: list[Any] = field(default_factory=list)
    latency_seconds: float = 0.0
    address: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def list_time_series(self, asked: Any, context: Any) -> Any:
        """ListTimeSeries."""
        self._scripted(asked, context)
        kind = re.findall(r'metric\.type = "([^"]+)"', asked.filter)
        if len(kind) != 1:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the filter must name exactly one metric type")
        if kind[0] not in {name for _, name, _ in self.samples.of}:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Cannot find metric(s) that match type = {kind[0]!r}.")
        every = self._headers(kind[0]) if asked.view else self._aligned(kind[0], asked, context)
        start = int(asked.page_token or 0)
        more = len(every) > start + self.page_series or self.same_token
        page = monitoring_v3.ListTimeSeriesResponse(
            time_series=every[start : start + self.page_series],
            next_page_token=("7" if self.same_token else str(start + self.page_series)) if more else "",
        )
        if self.execution_error:
            page.execution_errors = [status_pb2.Status(code=4, message=self.execution_error)]
        return page

    def create_time_series(self, asked: Any, context: Any) -> Any:
        """CreateTimeSeries: what is refused is told, what is good is stored."""
        self._scripted(asked, context)
        if len(asked.time_series) > 200:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "at most 200 series a request")
        old = 0
        for series in asked.time_series:
            labels = dict(series.metric.labels)
            kept = self.samples.exactly("", series.metric.type, labels)
            at = series.points[0].interval.end_time
            if kept and at <= max(kept)[0]:
                old += 1
            else:
                self.samples.write("", series.metric.type, labels, at, series.points[0].value.double_value)
        if old:
            said = f"One or more points were written out of order: {old} of {len(asked.time_series)}"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, said)
        return empty_pb2.Empty()

    def list_metric_descriptors(self, asked: Any, context: Any) -> Any:
        """ListMetricDescriptors."""
        self._scripted(asked, context)
        types = sorted({name for _, name, _ in self.samples.of})
        return monitoring_v3.ListMetricDescriptorsResponse(
            metric_descriptors=[metric_pb2.MetricDescriptor(type=each) for each in types]
        )

    def _scripted(self, asked: Any, context: Any) -> None:
        self.requests.append(asked)
        time.sleep(self.latency_seconds)
        step = self.script.popleft() if self.script else None
        if step == "hang":
            self.closing.wait(HANG_SECONDS)
        elif step is not None:
            context.abort(step, "scripted")

    def _headers(self, kind: str) -> list[Any]:
        return [series(kind, labels, []) for labels, _ in self.samples.named("", kind)]

    def _aligned(self, kind: str, asked: Any, context: Any) -> list[Any]:
        period = asked.aggregation.alignment_period
        if asked.aggregation.per_series_aligner and period < timedelta(seconds=60):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "alignment_period must be at least 60 s")
        fields = [each.removeprefix("metric.label.") for each in asked.aggregation.group_by_fields]
        named = {label: json.loads(f"[{values}]") for label, values in ONE_OF.findall(asked.filter)}
        groups: dict[tuple[str, ...], list[tuple[datetime, float]]] = {}
        for labels, samples in self.samples.named("", kind):
            if all(labels.get(label) in values for label, values in named.items()):
                groups.setdefault(tuple(labels.get(each, "") for each in fields), []).extend(samples)
        start, end = asked.interval.start_time, asked.interval.end_time
        summarised = SUMMARIES[STATISTICS[int(asked.aggregation.per_series_aligner)]]
        return [
            series(
                kind,
                dict(zip(fields, key, strict=True)),
                [
                    (at, at + period, float(summarised(values)))
                    # (start, end]: a sample on a boundary belongs to the period that it ends.
                    for at, values in periods(
                        [(at - MICROSECOND, value) for at, value in samples if start < at <= end], start, period
                    ).items()
                ],
                self.value_kind,
            )
            for key, samples in groups.items()
        ]


def series(kind: str, labels: dict[str, str], points: list[Any], value_kind: str = "double_value") -> Any:
    """One TimeSeries, its points newest first."""
    written = monitoring_v3.TimeSeries(metric=metric_pb2.Metric(type=kind, labels=labels))
    written.points = [
        monitoring_v3.Point(
            interval=monitoring_v3.TimeInterval(start_time=end, end_time=end), value=typed(value, value_kind)
        )
        for _, end, value in sorted(points, reverse=True)
    ]
    return written


def typed(value: float, kind: str) -> Any:
    """A value as one of its kinds."""
    if kind == "distribution_value":
        return monitoring_v3.TypedValue(distribution_value={"count": 4, "mean": value})
    return monitoring_v3.TypedValue(**{kind: int(value) if kind == "int64_value" else value})


@contextmanager
def cloud_monitoring() -> Iterator[CloudMonitoring]:
    """Serve until the block ends."""
    fake = CloudMonitoring()
    calls = {
        "ListTimeSeries": (fake.list_time_series, monitoring_v3.ListTimeSeriesRequest),
        "CreateTimeSeries": (fake.create_time_series, monitoring_v3.CreateTimeSeriesRequest),
        "ListMetricDescriptors": (fake.list_metric_descriptors, monitoring_v3.ListMetricDescriptorsRequest),
    }
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(call, kind.deserialize, serialized)
        for name, (call, kind) in calls.items()
    }
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.monitoring.v3.MetricService", handlers),)
    )
    fake.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield fake
    finally:
        fake.closing.set()
        server.stop(None).wait()


def serialized(message: Any) -> bytes:
    """The bytes of either kind of message."""
    if isinstance(message, empty_pb2.Empty):
        return message.SerializeToString()
    return bytes(type(message).serialize(message))


@contextmanager
def client(address: str) -> Iterator[Any]:
    """Google's client on the loopback."""
    with grpc.insecure_channel(address) as channel:
        yield monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
