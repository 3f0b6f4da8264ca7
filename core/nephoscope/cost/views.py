"""
Which Reports tell of one bill, and which of different ones.

A provider's bill may reach the hub several times over: by its API, and by each of its exports. Two payers, or two
billing accounts, are two bills, which are added; two views of one bill never are. What tells them apart is the accounts
that were charged. They travel as short hashes: enough to see whether two lists have one in common.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from nephoscope.cost.lines import Line

Accounts: TypeAlias = frozenset[str]
MOST = 1_000  # more accounts than these do not fit a Report, and are not told


def accounts(lines: Iterable[Line]) -> dict[str, Accounts]:
    """
    The accounts that each provider charged; a provider is left out where a line does not tell its own.

    >>> from decimal import Decimal
    >>> lines = [Line("azure", "EUR", Decimal(1), None, account=name) for name in ("/subscriptions/AB", "ab")]
    >>> {provider: len(found) for provider, found in accounts(lines).items()}
    {'azure': 1}
    """
    names: dict[str, set[str | None]] = {}
    for line in lines:
        names.setdefault(line.provider, set()).add(line.account)
    return {
        provider: frozenset(_hash(name) for name in found if name)
        for provider, found in names.items()
        if None not in found and len(found) <= MOST
    }


def _hash(account: str) -> str:
    """Exports of one provider spell an account with its path and without, in any case."""
    return hashlib.sha256(account.strip("/").rpartition("/")[2].lower().encode()).hexdigest()[:8]


def apart(views: Sequence[Accounts]) -> tuple[list[int], bool]:
    """
    Choose views that have no account in common.

    Args:
        views: The accounts of each view, the preferred one first; empty where they are not known.

    Returns:
        The positions to add up, and whether they hold every account. A view without accounts is taken for a view of the
        others' bill, and stands for all of it where no two others are apart.

    >>> a, b, ab, bc, unknown = (frozenset(names) for names in ("a", "b", "ab", "bc", ""))
    >>> apart([unknown, a]), apart([unknown, a, b]), apart([a, ab]), apart([ab, bc])
    (([0], True), ([1, 2], True), ([1], True), ([0], False))
    """
    chosen: list[int] = []
    held: set[str] = set()
    for place in sorted(range(len(views)), key=lambda place: -len(views[place])):
        if views[place] and not views[place] & held:
            chosen.append(place)
            held |= views[place]
    if not views[0] and len(chosen) < 2:
        return [0], True
    return sorted(chosen) or [0], all(view <= held for view in views)
