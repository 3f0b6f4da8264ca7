"""The metric store of each cloud, opened when it is first asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET

from nephoscope.errors import BadSettings
from nephoscope.ports import Clock, Metrics
from nephoscope.settings import Settings
from nephoscope.settings.metric_stores import AzureMonitor, CloudMonitoring, CloudWatch, LocalMetrics


def metric_stores(settings: Settings, clock: Clock) -> dict[str, Metrics]:
    """Every metric store of the configuration."""
    return {cloud: metric_store(cloud, settings, clock) for cloud in _OPENED if _written(cloud, settings) is not UNSET}


def metric_store(cloud: str, settings: Settings, clock: Clock) -> Metrics:
    """
    One cloud's metric store.

    Raises:
        BadSettings: The configuration has none, or its extra is not installed.
    """
    written = _written(cloud, settings)
    if written is UNSET:
        raise BadSettings(f"The configuration has no metric store for '{cloud}'.", do=f"add metric_stores.{cloud}")
    try:
        return _OPENED[cloud](written, clock)
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"The metric store of '{cloud}' needs '{error.name}', which is not installed.",
            do=f"pip install 'nephoscope[{cloud}]'",
        ) from error


def _written(cloud: str, settings: Settings) -> Any:
    return getattr(settings.metric_stores, cloud)


def _aws(written: CloudWatch, clock: Clock) -> Metrics:
    from nephoscope.adapters.aws.metrics import CloudWatchMetrics

    return CloudWatchMetrics(clock, None if written.region is UNSET else written.region)


def _azure(written: AzureMonitor, _: Clock) -> Metrics:
    from azure.identity import DefaultAzureCredential

    from nephoscope.adapters.azure.metrics import AzureMonitorMetrics
    from nephoscope.adapters.azure.resource_metrics import ResourceMetrics

    # It warns in sixteen lines of what the Finding says in one.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    credential = DefaultAzureCredential()
    endpoint = f"https://{written.region}.metrics.monitor.azure.com"
    resources = None if written.region is UNSET else ResourceMetrics(credential, endpoint)
    return AzureMonitorMetrics(credential, "" if written.workspace is UNSET else written.workspace, resources)


def _gcp(written: CloudMonitoring, _: Clock) -> Metrics:
    from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics

    return CloudMonitoringMetrics(written.project)


def _local(written: LocalMetrics, _: Clock) -> Metrics:
    from nephoscope.adapters.local.metrics import SqliteMetrics

    return SqliteMetrics(Path(written.path.removeprefix("sqlite:")))


_OPENED: Mapping[str, Callable[[Any, Clock], Metrics]] = {"aws": _aws, "azure": _azure, "gcp": _gcp, "local": _local}
