"""The answers of `run`: the Report of one job."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from nephoscope.cli.schemas.document import Document
from nephoscope.cli.schemas.runner import VerdictCounts
from nephoscope.findings import Finding, Verdict
from nephoscope.report import Coverage, Part


class Ran(Document, frozen=True, kw_only=True):
    """The Report that a job published, or would have."""

    schema: Literal[
        "nephoscope.run.monitoring/1",
        "nephoscope.run.cost/1",
        "nephoscope.run.drift/1",
        "nephoscope.run.features/1",
        "nephoscope.run.rollup/1",
    ]
    id: Annotated[str, Meta(description="The run's id: the same for the same Event and job.")]
    job: str
    cloud: str
    scope: str
    at: Annotated[datetime, Meta(description="The time of the Event.")]
    event_id: str
    correlation_id: str
    findings: list[Finding]
    coverage: Coverage
    readings: dict[str, Any]
    interval_seconds: float | None
    settings_hash: str
    evidence_url: Annotated[str, Meta(description="The key of the run's record in the ledger.")]
    part: Part
    verdict: Verdict
    counts: VerdictCounts
