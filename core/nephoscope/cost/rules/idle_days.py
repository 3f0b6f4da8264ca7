"""Resources that are charged while nothing of them is consumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim

LEAST_DAYS = 3


def claims(uses: Sequence[ResourceUse]) -> Iterator[Claim]:
    """Claim charges with a consumed quantity of 0 on three days or more."""
    for use in uses:
        if use.idle and use.resource and use.days >= LEAST_DAYS:
            yield Claim(
                "idle_days",
                use,
                use.cost,
                "Stop what nobody uses, or delete it",
                {"idle_days": use.days, "consumed": 0},
            )
