"""
Recommendations, each with the resources it names, what was seen on them, and the money that is in it.

The rules are asked in order, the surest first, and each is shown only what no earlier one has claimed: no charge is
claimed twice, and the savings may be added. A rule that sees nothing says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial

from nephoscope.cost.money import plain, total
from nephoscope.cost.recommendation import Recommendation
from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules import (
    autoscaling_for_inference,
    colder_storage,
    idle_days,
    spot_for_training,
    untagged_spend,
    unused_commitments,
)
from nephoscope.cost.rules.rule import Claim

Rule = Callable[[Sequence[ResourceUse]], Iterable[Claim]]

# The last one is that of untagged spend, which has to know the whole of it.
RULES: tuple[Rule, ...] = (
    unused_commitments.claims,
    idle_days.claims,
    autoscaling_for_inference.claims,
    spot_for_training.claims,
    colder_storage.claims,
)


def recommendations(uses: Iterable[ResourceUse], *, least: Decimal = Decimal(1)) -> list[Recommendation]:
    """
    Ask every rule.

    Args:
        uses: The resources of a bill; no charge in two of them.
        least: Savings and costs below it are left out, in the bill's currency.

    Returns:
        One recommendation a rule and currency, the most money first.
    """
    left = [use for use in uses if use.cost > 0]
    found = []
    rules: tuple[Rule, ...] = (*RULES, partial(untagged_spend.claims, spend=untagged_spend.by_currency(left)))
    for rule in rules:
        by_currency: dict[str, list[Claim]] = defaultdict(list)
        for claim in rule(left):
            by_currency[claim.use.currency].append(claim)
        taken = {id(claim.use) for claims in by_currency.values() for claim in claims}
        left = [use for use in left if id(use) not in taken]
        found += [_recommendation(claims) for _, claims in sorted(by_currency.items())]
    worth = [one for one in found if (one.cost if one.saving is None else one.saving) >= least]
    return sorted(worth, key=lambda one: (-(one.saving or Decimal(0)), one.rule, one.currency))


def _recommendation(claims: Sequence[Claim]) -> Recommendation:
    claims = sorted(claims, key=lambda claim: (-claim.use.cost, claim.use.name))
    cost = total(claim.use.cost for claim in claims)
    savings = [claim.saving for claim in claims if claim.saving is not None]
    first = claims[0]
    return Recommendation(
        rule=first.rule,
        resources=tuple(dict.fromkeys(claim.use.name for claim in claims)),
        evidence={"cost": plain(cost), "resources": len(claims), **first.evidence},
        saving=total(savings) if len(savings) == len(claims) else None,
        currency=first.use.currency,
        text=first.text(len(claims), cost, total(savings)),
        cost=cost,
    )
