"""Stored data that nobody reads: storage is charged, and not one request is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from nephoscope.cost.resource_use import ResourceUse
from nephoscope.cost.rules.rule import Claim, mentions

LEAST_DAYS = 14
DISCOUNT = Decimal("0.4")  # infrequent access against standard, after its fee for reading
COLD = ("archive", "cold", "cool", "glacier", "infrequent", "nearline", "-ia", "deep")


def claims(uses: Sequence[ResourceUse]) -> Iterator[Claim]:
    """Claim standard storage whose resource was not read in two weeks or more."""
    read = {use.resource for use in uses if use.resource and mentions((use.unit or "").lower(), "request", "operation")}
    for use in uses:
        stored = (use.category or "").lower() == "storage" and mentions(
            (use.unit or "").lower(), "gb", "gib", "byte", "tb"
        )
        warm = not mentions(use.charged_for, *COLD)  # a bucket may be named archive and be none
        if stored and warm and use.resource and use.resource not in read and use.days >= LEAST_DAYS:
            yield Claim(
                "colder_storage",
                use,
                use.cost * DISCOUNT,
                "Move data that nobody reads to a colder tier",
                {"days": use.days, "requests": 0, "discount": float(DISCOUNT)},
            )
