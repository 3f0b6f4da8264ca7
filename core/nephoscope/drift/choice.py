"""What a preset says of one column: by which method, with which value, against which limit."""

from __future__ import annotations

from dataclasses import dataclass

from nephoscope.drift.estimate import Estimate
from nephoscope.findings import Limit, Verdict


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a window that was judged by itself."""

    index: int
    value: float | None
    limit: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Choice:
    """A method, its value for one column, and the limit it is held against; of several chunks the worst one's."""

    method: str
    value: Estimate
    limit: Limit
    chunks: tuple[Chunk, ...] | None = None
