"""What a preset says of one column: by which method, with which value, against which limit."""

from __future__ import annotations

from dataclasses import dataclass

from nephoscope.drift.estimate import Estimate
from nephoscope.findings import Limit


@dataclass(frozen=True, slots=True)
class Choice:
    """A method, its value for one column, and the limit it is held against."""

    method: str
    value: Estimate
    limit: Limit
