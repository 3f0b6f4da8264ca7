"""
Google Cloud Monitoring, by CreateTimeSeries.

A point must be newer than every point of its series, so one call holds at most one of each, and a call that is made
again is refused rather than written twice. What is refused is told as an error while the rest of the batch is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import monitoring_v3

from nephoscope.adapters.gcp.faults import unanswered
from nephoscope.errors import Permanent, Transient, Uncertain
from nephoscope.monitoring.answer import Fault
from nephoscope.monitoring.sample import Sample, rounds

SERIES_A_CALL = 200


class CloudMonitoringWriter:
    """The metrics of one project."""

    def __init__(
        self, project: str, client: monitoring_v3.MetricServiceClient | None = None, *, read_seconds: float = 10.0
    ) -> None:
        self._name = f"projects/{project}"
        self._project = project
        self._given = client
        self._read_seconds = read_seconds

    @cached_property
    def _client(self) -> monitoring_v3.MetricServiceClient:
        return self._given or monitoring_v3.MetricServiceClient()

    def batches(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """Two hundred series a call, one point of each, the oldest points first."""
        return [each[n : n + SERIES_A_CALL] for each in rounds(samples) for n in range(0, len(each), SERIES_A_CALL)]

    def put(self, batch: Sequence[Sample]) -> None:
        """Write one batch."""
        written = [_series(sample, self._project) for sample in batch]
        try:
            self._client.create_time_series(
                name=self._name, time_series=written, retry=None, timeout=self._read_seconds
            )
        except (GoogleAPIError, GoogleAuthError) as error:
            known = unanswered(error)
            if known.fault in (Fault.QUOTA, Fault.UNREACHABLE):
                raise Transient(known.reason) from error
            if known.fault in (Fault.PERMISSION, Fault.REFUSED, Fault.WRONG_NAME):
                raise Permanent(known.reason, do="correct it; a point must be newer than its series") from error
            raise Uncertain(known.reason) from error


def _series(sample: Sample, project: str) -> monitoring_v3.TimeSeries:
    return monitoring_v3.TimeSeries(
        metric={"type": f"{sample.namespace}/{sample.name}", "labels": dict(sample.labels)},
        resource={"type": "global", "labels": {"project_id": project}},
        points=[
            monitoring_v3.Point(
                interval=monitoring_v3.TimeInterval(end_time=sample.at),
                value=monitoring_v3.TypedValue(double_value=sample.value),
            )
        ],
    )
