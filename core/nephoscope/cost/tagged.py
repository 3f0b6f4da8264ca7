"""
What charges cost by the value of a tag: a team, a model.

Each key is added up by itself, never together with another one, so that any number of keys may be watched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeAlias

from nephoscope.cost.lines import Known, Line
from nephoscope.cost.totals import ProviderCost, provider_costs

_OUR_LABELS = frozenset({"cloud", "provider", "account", "job", "scope"})

Tag: TypeAlias = tuple[str, str]  # ("team", "research")


@dataclass(frozen=True, slots=True)
class Tagged:
    """The costs of a month by tag, and whose tags are not known."""

    costs: Mapping[Tag, Mapping[str, ProviderCost]] = field(default_factory=dict)  # by tag, then by provider
    carried: frozenset[tuple[str, str]] = frozenset()  # (key, provider): some of its charges carry the key
    untold: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (key, provider): why nothing is known

    def of(self, tag: Tag, costs: Mapping[str, ProviderCost]) -> dict[str, ProviderCost]:
        """
        What one tag's charges cost in each of some providers.

        A provider that is unknown, or whose tags are, is unknown. A key that no provider's charges carry leaves all of
        them unknown: a tag that is not exported is not one that costs nothing.
        """
        key, _ = tag
        carried = any(name == key for name, _ in self.carried)
        found = self.costs.get(tag, {})
        return {
            provider: _part(
                found.get(provider, ProviderCost("known", {}, {})),
                cost.reason if cost.status == "unknown" else self._untold(key, provider, carried=carried),
            )
            for provider, cost in costs.items()
        }

    def sums(self, key: str) -> dict[tuple[str, str], dict[str, Decimal]]:
        """What each value of one key costs in each provider, by currency: effectively, else what is billed."""
        found: dict[tuple[str, str], dict[str, Decimal]] = {}
        for (name, value), parts in self.costs.items():
            for provider, cost in parts.items() if name == key else ():
                measures = {**cost.billed, **{c: amount for c, amount in cost.effective.items() if amount is not None}}
                found[value, provider] = {c: amount for c, amount in measures.items() if amount is not None}
        return found

    def _untold(self, key: str, provider: str, *, carried: bool) -> str:
        return self.untold.get((key, provider), "" if carried else f"no charge carries the tag '{key}'")

    def only(self, tags: Container[Tag], *, every: str, most: int = 100) -> Tagged:
        """Keep some tags, and of one key the dearest values."""
        dearest = sorted((tag for tag in self.costs if tag[0] == every), key=self._size, reverse=True)[:most]
        return replace(self, costs={tag: cost for tag, cost in self.costs.items() if tag in tags or tag in dearest})

    def _size(self, tag: Tag) -> Decimal:
        amounts = (amount for cost in self.costs[tag].values() for amount in cost.billed.values())
        return max((abs(amount) for amount in amounts if amount is not None), default=Decimal(0))


def label(tag: Tag) -> dict[str, str]:
    """
    The label that a tag is on a Finding; one whose key would hide a label of our own is none.

    >>> label(("team", "research")), label(("cloud", "nine"))
    ({'team': 'research'}, {})
    """
    key, value = tag
    return {} if key in _OUR_LABELS else {key: value}


def _part(cost: ProviderCost, unknown: str) -> ProviderCost:
    return replace(cost, status="unknown", reason=unknown) if unknown else cost


def tagged(
    lines: Mapping[str, Iterable[Line]], month: str, untold: Mapping[tuple[str, str], str] | None = None
) -> Tagged:
    """
    Add a month's lines up by tag.

    Args:
        lines: By tag key: all charges, with that key's value where they carry it.
        month: "2026-05".
        untold: By key and provider, why its tags are not known.
    """
    parts: dict[tuple[Tag, str], list[Line]] = defaultdict(list)
    for key, charges in lines.items():
        for line in charges:
            if line.month == month and (value := line.tags.get(key)):
                parts[(key, value), line.provider].append(line)
    costs: dict[Tag, dict[str, ProviderCost]] = defaultdict(dict)
    for (tag, provider), found in sorted(parts.items()):
        costs[tag] |= provider_costs({provider: Known(tuple(found), None)})
    return Tagged(dict(costs), frozenset((tag[0], provider) for tag, provider in parts), dict(untold or {}))
