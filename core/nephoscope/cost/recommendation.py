"""What a recommendation is: the resources it names, the evidence it saw, and the money it would save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nephoscope.cost.money import plain


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One thing to do, with the money that it is about."""

    rule: str  # "spot_for_training"
    resources: tuple[str, ...]  # never empty: what the evidence was seen on
    evidence: Mapping[str, str | int | float]  # money as plain text
    saving: Decimal | None  # a month's, at most what the named rows cost; None where none is promised
    currency: str
    text: str
    cost: Decimal = field(default=Decimal(0))  # what the named rows cost

    def __post_init__(self) -> None:
        if not self.resources:
            raise ValueError(f"{self.rule} recommends something without naming what it saw")
        if self.saving is not None and not 0 <= self.saving <= self.cost:
            raise ValueError(f"{self.rule} saves {plain(self.saving)} of {plain(self.cost)}")

    @property
    def document(self) -> dict[str, Any]:
        """The recommendation as JSON writes it."""
        return {
            "rule": self.rule,
            "resources": list(self.resources),
            "evidence": dict(self.evidence),
            "saving": None if self.saving is None else plain(self.saving),
            "currency": self.currency,
            "text": self.text,
        }
