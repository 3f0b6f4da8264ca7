"""The answer of `security log`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from nephoscope.cli.schemas.document import Document
from nephoscope.findings import Verdict


class SecurityLogged(Document, frozen=True, kw_only=True):
    """The event as it was recorded."""

    schema: Literal["nephoscope.security.log/1"]
    timestamp: datetime
    event_type: str
    details: dict[str, str]
    severity: Literal["HIGH", "MEDIUM"]
    report: Annotated[str, Meta(description="The id of the Report that tells it.")]
    verdict: Verdict
