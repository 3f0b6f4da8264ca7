"""Amazon CloudWatch, by PutMetricData: one call a batch, which the SDK does not repeat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.exceptions import ConnectionError as NoConnection

from nephoscope.adapters.aws.faults import unanswered
from nephoscope.errors import Permanent, Transient, Uncertain
from nephoscope.monitoring.answer import Fault
from nephoscope.monitoring.sample import Sample, within

SAMPLES_A_CALL, BYTES_A_CALL = 1_000, 700_000  # of 1,000 and 1 MB


class CloudWatchWriter:
    """The metrics of one account and region."""

    def __init__(self, region: str | None = None, *, read_seconds: float = 10.0) -> None:
        self._region = region
        self._read_seconds = read_seconds

    @cached_property
    def _client(self) -> Any:
        config = Config(connect_timeout=3, read_timeout=self._read_seconds, retries={"total_max_attempts": 1})
        return boto3.Session().client("cloudwatch", region_name=self._region, config=config)

    def batches(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """A thousand samples of one namespace a call, of at most 700 kB."""
        spaces = sorted({sample.namespace for sample in samples})
        alike = [[sample for sample in samples if sample.namespace == space] for space in spaces]
        return [batch for each in alike for batch in within(each, _size, most_bytes=BYTES_A_CALL, most=SAMPLES_A_CALL)]

    def put(self, batch: Sequence[Sample]) -> None:
        """Write one batch."""
        try:
            self._client.put_metric_data(Namespace=batch[0].namespace, MetricData=[_datum(sample) for sample in batch])
        except (ClientError, BotoCoreError) as error:
            known = unanswered(error)
            if known.fault is Fault.QUOTA or isinstance(error, NoConnection):
                raise Transient(known.reason) from error
            if known.fault in (Fault.PERMISSION, Fault.REFUSED):
                raise Permanent(known.reason, do="correct it, and put the metrics again") from error
            raise Uncertain(known.reason) from error


def _size(sample: Sample) -> int:
    return len(json.dumps(_datum(sample), default=str)) + 2


def _datum(sample: Sample) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in sample.labels]
    return {"MetricName": sample.name, "Dimensions": dimensions, "Timestamp": sample.at, "Value": sample.value}
