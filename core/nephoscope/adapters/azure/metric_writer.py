"""
Azure Monitor, by the Logs Ingestion API, into a table of our own with the columns of AppMetrics.

AppMetrics itself cannot be written that way: OpenTelemetry does. The client's own division into calls ignores what
stands between the rows, so batches are made here, well below its limit, and each is one call.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from azure.monitor.ingestion import LogsIngestionClient

from nephoscope.adapters.azure.faults import unanswered
from nephoscope.errors import Permanent, Transient, Uncertain
from nephoscope.monitoring.answer import Fault
from nephoscope.monitoring.sample import Sample, within

BYTES_A_CALL, ROWS_A_CALL = 700_000, 100_000
OURS = (Fault.PERMISSION, Fault.REFUSED, Fault.WRONG_NAME)


class LogsIngestionWriter:
    """One data collection rule's stream."""

    def __init__(self, credential: TokenCredential, endpoint: str, rule: str, stream: str, **client: Any) -> None:
        self._rule = rule
        self._stream = stream
        once = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 20}
        self._client = LogsIngestionClient(endpoint, credential, **once | client)

    def batches(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """Batches of at most 700 kB of JSON, what stands between the rows counted."""
        return within(samples, _size, most_bytes=BYTES_A_CALL, most=ROWS_A_CALL)

    def put(self, batch: Sequence[Sample]) -> None:
        """Write one batch."""
        try:
            self._client.upload(self._rule, self._stream, [_row(sample) for sample in batch])
        except ServiceRequestError as error:
            raise Transient(unanswered(error).reason) from error
        except AzureError as error:
            known = unanswered(error)
            if isinstance(error, HttpResponseError) and known.fault is Fault.QUOTA:
                raise Transient(known.reason) from error
            if known.fault in OURS:
                raise Permanent(known.reason, do="correct the rule, the stream or its role") from error
            raise Uncertain(known.reason) from error


def _size(sample: Sample) -> int:
    return len(json.dumps(_row(sample))) + 2


def _row(sample: Sample) -> dict[str, Any]:
    numbers = {"Sum": sample.value, "ItemCount": 1, "Min": sample.value, "Max": sample.value}
    told = {"TimeGenerated": sample.at.isoformat(), "Name": sample.name, "Properties": dict(sample.labels)}
    return told | numbers
