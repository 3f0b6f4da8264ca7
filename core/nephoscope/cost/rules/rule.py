"""What a rule claims: one resource's charges, what was seen on them, and what they would save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from nephoscope.cost.resource_use import ResourceUse


@dataclass(frozen=True, slots=True)
class Claim:
    """One resource that a rule speaks of."""

    rule: str
    use: ResourceUse
    saving: Decimal | None  # at most what the resource cost; None where none is promised
    sentence: str  # what to do: "Run interruptible training on spot capacity"
    evidence: Mapping[str, str | int | float]

    def text(self, count: int, cost: Decimal, saving: Decimal) -> str:
        """Say it for all the resources together, with their money."""
        others = f" and {count - 1} more" if count > 1 else ""
        money = f"{round(cost, 2):f} {self.use.currency}"
        saved = f", saves up to {round(saving, 2):f}" if self.saving is not None else ""
        return f"{self.sentence}: {self.use.name}{others} cost {money}{saved}."


def mentions(words: str, *stems: str) -> bool:
    """
    Whether a text holds one of some words.

    >>> mentions("arn:aws:sagemaker:training-job/x", "train"), mentions("web", "train")
    (True, False)
    """
    return any(stem in words for stem in stems)
