"""The answer of `metrics put`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from nephoscope.cli.schemas.document import Document
from nephoscope.settings.section import Cloud


class Sampled(Document, frozen=True, kw_only=True):
    """What became of one value in one cloud."""

    cloud: Cloud
    namespace: str
    name: str
    labels: dict[str, str]
    at: datetime
    value: float
    outcome: Annotated[
        Literal["written", "unsent", "refused", "uncertain"],
        Meta(description="unsent may be put again; uncertain is perhaps written, and is not sent again."),
    ]
    reason: str


class MetricsPut(Document, frozen=True, kw_only=True):
    """What became of each value."""

    schema: Literal["nephoscope.metrics.put/1"]
    samples: list[Sampled]
