"""The answer of `series anomalies`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from nephoscope.cli.schemas.document import Document

Score: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class SeriesStretch(Document, frozen=True, kw_only=True):
    """A stretch that stands out; its times are inclusive, and as the file writes them."""

    start: str
    end: str
    peak: str
    score: Score
    expected: float | None
    kind: Literal["spike", "drop", "step", "drift", "shape"]


class SeriesScored(Document, frozen=True, kw_only=True):
    """A score for every point; each uses no later point, and is null where the value is missing."""

    schema: Literal["nephoscope.series.anomalies/1"]
    points: int
    anomalies: list[SeriesStretch]
    scores: list[Score | None]
    verdict: Literal["ok", "breach", "unknown"]
    reason: str | None
