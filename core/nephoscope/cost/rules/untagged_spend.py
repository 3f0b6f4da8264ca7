"""Spend that no team or model answers for: charges without a tag, in a bill that has tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from nephoscope.cost.money import total
from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim

LEAST_PERCENT = 5


def by_currency(uses: Sequence[ResourceUse]) -> dict[str, Decimal]:
    """What was spent in each currency in which something is tagged."""
    spent: dict[str, list[Decimal]] = defaultdict(list)
    for use in uses:
        if use.tagged is not None:
            spent[use.currency].append(use.cost)
    tagged = {use.currency for use in uses if use.tagged}
    return {currency: total(costs) for currency, costs in spent.items() if currency in tagged}


def claims(uses: Sequence[ResourceUse], spend: Mapping[str, Decimal]) -> Iterator[Claim]:
    """
    Claim untagged resources once they are 5 % of their currency's spend; no saving is promised.

    Args:
        uses: What no other rule has claimed.
        spend: All that was spent, whatever was claimed of it.
    """
    for currency, spent in sorted(spend.items()):
        untagged = [use for use in uses if use.currency == currency and use.tagged is False and use.resource]
        share = 100 * total(use.cost for use in untagged) / spent
        if share < LEAST_PERCENT:
            continue
        for use in untagged:
            evidence = {"percent": round(float(share), 1)}
            yield Claim("untagged_spend", use, None, "Tag what nobody answers for", evidence)
