"""Training at the on-demand price that comes and goes: it can be interrupted, and spot capacity costs a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim, mentions

CATEGORIES = frozenset({"ai and machine learning", "compute"})
# Providers advertise up to 90 %; half is what is promised here.
DISCOUNT = Decimal("0.5")
ALWAYS_ON = 0.9  # the share of a day's hours from which a resource does not come and go


def claims(uses: Sequence[ResourceUse]) -> Iterator[Claim]:
    """Claim training at standard prices that does not run all day."""
    for use in uses:
        training = (use.category or "").lower() in CATEGORIES and mentions(use.words, "train", "batch-job", "fine-tun")
        standard = (use.pricing or "").lower() in ("standard", "on-demand")
        if training and standard and use.resource and not _runs_always(use):
            yield Claim(
                "spot_for_training",
                use,
                use.cost * DISCOUNT,
                "Run interruptible training on spot capacity",
                {"pricing": "Standard", "days": use.days, "discount": float(DISCOUNT)},
            )


def _runs_always(use: ResourceUse) -> bool:
    return use.hours is not None and use.days > 0 and use.hours >= ALWAYS_ON * 24 * use.days
