"""The metric store of each cloud, opened when it is first asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET

from nephoscope.errors import BadSettings
from nephoscope.ports import Clock, Metrics, MetricWriter
from nephoscope.settings import Settings
from nephoscope.settings.metric_stores import AzureMonitor, CloudMonitoring, CloudWatch, LocalMetrics

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

T = TypeVar("T")


def metric_stores(settings: Settings, clock: Clock) -> dict[str, Metrics]:
    """Every metric store of the configuration."""
    return {cloud: metric_store(cloud, settings, clock) for cloud in configured(settings)}


def configured(settings: Settings) -> list[str]:
    """The clouds that have a metric store."""
    return [cloud for cloud in _OPENED if getattr(settings.metric_stores, cloud) is not UNSET]


def metric_store(cloud: str, settings: Settings, clock: Clock) -> Metrics:
    """
    One cloud's metric store.

    Raises:
        BadSettings: The configuration has none, or its extra is not installed.
    """
    return _opened(cloud, settings, lambda written: _OPENED[cloud](written, clock))


def metric_writer(cloud: str, settings: Settings) -> MetricWriter:
    """
    What writes into one cloud's metric store.

    Raises:
        BadSettings: The configuration has no such store or none that can be written to, or its extra is not installed.
    """
    return _opened(cloud, settings, lambda written: _WRITERS[cloud](written))


def _opened(cloud: str, settings: Settings, open_: Callable[[Any], T]) -> T:
    written = getattr(settings.metric_stores, cloud)
    if written is UNSET:
        raise BadSettings(f"The configuration has no metric store for '{cloud}'.", do=f"add metric_stores.{cloud}")
    try:
        return open_(written)
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"The metric store of '{cloud}' needs '{error.name}', which is not installed.",
            do=f"pip install 'nephoscope[{cloud}]'",
        ) from error


def _aws(written: CloudWatch, clock: Clock) -> Metrics:
    from nephoscope.adapters.aws.metrics import CloudWatchMetrics

    return CloudWatchMetrics(clock, None if written.region is UNSET else written.region)


def _azure(written: AzureMonitor, _: Clock) -> Metrics:
    from nephoscope.adapters.azure.metrics import AzureMonitorMetrics
    from nephoscope.adapters.azure.resource_metrics import ResourceMetrics

    credential = _credential()
    endpoint = f"https://{written.region}.metrics.monitor.azure.com"
    resources = None if written.region is UNSET else ResourceMetrics(credential, endpoint)
    return AzureMonitorMetrics(credential, "" if written.workspace is UNSET else written.workspace, resources)


def _credential() -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    # It warns in sixteen lines of what the Finding says in one.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    return DefaultAzureCredential()


def _gcp(written: CloudMonitoring, _: Clock) -> Metrics:
    from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics

    return CloudMonitoringMetrics(written.project)


def _local(written: LocalMetrics, _: Clock) -> Metrics:
    from nephoscope.adapters.local.metrics import SqliteMetrics

    return SqliteMetrics(Path(written.path.removeprefix("sqlite:")))


def _aws_writer(written: CloudWatch) -> MetricWriter:
    from nephoscope.adapters.aws.metric_writer import CloudWatchWriter

    return CloudWatchWriter(None if written.region is UNSET else written.region)


def _azure_writer(written: AzureMonitor) -> MetricWriter:
    if written.ingestion is UNSET:
        raise BadSettings(
            "AppMetrics cannot be written through the Logs Ingestion API.",
            do="write it with OpenTelemetry, set metric_stores.azure.ingestion, or name the other clouds",
        )
    from nephoscope.adapters.azure.metric_writer import LogsIngestionWriter

    rule = written.ingestion
    return LogsIngestionWriter(_credential(), rule.endpoint, rule.rule, rule.stream)


def _gcp_writer(written: CloudMonitoring) -> MetricWriter:
    from nephoscope.adapters.gcp.metric_writer import CloudMonitoringWriter

    return CloudMonitoringWriter(written.project)


def _local_writer(written: LocalMetrics) -> MetricWriter:
    from nephoscope.adapters.local.metric_writer import SqliteMetricWriter

    return SqliteMetricWriter(Path(written.path.removeprefix("sqlite:")))


_OPENED: Mapping[str, Callable[[Any, Clock], Metrics]] = {"aws": _aws, "azure": _azure, "gcp": _gcp, "local": _local}
_WRITERS: Mapping[str, Callable[[Any], MetricWriter]] = {
    "aws": _aws_writer,
    "azure": _azure_writer,
    "gcp": _gcp_writer,
    "local": _local_writer,
}
