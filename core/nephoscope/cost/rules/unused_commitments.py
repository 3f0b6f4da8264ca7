"""Commitments that were paid and not used: CommitmentDiscountStatus is "Unused"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim


def claims(uses: Sequence[ResourceUse]) -> Iterator[Claim]:
    """Claim what was paid for nothing; all of it could be saved by the next, smaller commitment."""
    for use in uses:
        if (use.commitment_status or "").lower() == "unused":
            yield Claim(
                "unused_commitments",
                use,
                use.cost,
                "Commit to less, or move work under the commitment",
                {"commitment_status": "Unused"},
            )
