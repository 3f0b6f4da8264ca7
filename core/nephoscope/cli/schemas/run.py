"""The answers of `run`: the Reports of one job."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from nephoscope.cli.schemas.document import Document
from nephoscope.cli.schemas.runner import VerdictCounts
from nephoscope.findings import Finding, Verdict
from nephoscope.report import Coverage, Part


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One Report, without its Findings."""

    id: Annotated[str, Meta(description="The run's id: the same for the same Event and job.")]
    job: str
    cloud: Annotated[str, Meta(description="Where the job ran.")]
    scope: str
    at: Annotated[datetime, Meta(description="The time of the Event.")]
    event_id: str
    correlation_id: str
    coverage: Coverage
    readings: dict[str, Any]
    interval_seconds: float | None
    settings_hash: str
    evidence_url: Annotated[str, Meta(description="The key of the run's record in the ledger.")]
    part: Part


class Ran(Document, frozen=True, kw_only=True):
    """What a job published, or would have: one Report, of `monitoring` one for each cloud that was asked."""

    schema: Literal[
        "nephoscope.run.monitoring/1",
        "nephoscope.run.cost/1",
        "nephoscope.run.drift/1",
        "nephoscope.run.features/1",
        "nephoscope.run.rollup/1",
    ]
    verdict: Verdict
    counts: VerdictCounts
    coverage: Coverage
    findings: Annotated[list[Finding], Meta(description="Those of all Reports.")]
    reports: list[Told]
