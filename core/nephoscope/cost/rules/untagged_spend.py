"""Spend that no team or model answers for: charges without a tag, in a bill that has tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.cost.money import total
from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim

LEAST_PERCENT = 5


def claims(uses: Sequence[ResourceUse]) -> Iterator[Claim]:
    """Claim untagged resources once they are 5 % of their currency's spend; no saving is promised."""
    for currency in sorted({use.currency for use in uses}):
        spend = [use for use in uses if use.currency == currency and use.tagged is not None]
        untagged = [use for use in spend if not use.tagged and use.resource]
        if not any(use.tagged for use in spend):
            continue
        share = 100 * total(use.cost for use in untagged) / total(use.cost for use in spend)
        if share < LEAST_PERCENT:
            continue
        for use in untagged:
            evidence = {"percent": round(float(share), 1)}
            yield Claim("untagged_spend", use, None, "Tag what nobody answers for", evidence)
