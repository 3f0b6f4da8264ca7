"""Inference that costs the same at night as by day: its capacity does not follow its load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim, mentions

LEAST_DAYS = 7
STEADY = 0.95
# Eight of 24 hours at a third of the load save a fifth of the capacity.
SAVED = Decimal("0.2")


def claims(uses: Sequence[ResourceUse]) -> Iterator[Claim]:
    """Claim endpoints that ran every hour of a week or more at one level."""
    for use in uses:
        if not mentions(use.words, "endpoint", "inference", "serving", "prediction"):
            continue
        always = use.hours is not None and use.days >= LEAST_DAYS and use.hours >= 0.95 * 24 * use.days
        steady = use.steadiness is not None and use.steadiness >= STEADY
        if always and steady and use.resource:
            yield Claim(
                "autoscaling_for_inference",
                use,
                use.cost * SAVED,
                "Scale inference with its load",
                {"days": use.days, "hours": use.hours or 0, "steadiness": round(use.steadiness or 0.0, 3)},
            )
