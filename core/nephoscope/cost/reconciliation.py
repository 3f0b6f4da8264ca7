"""Reconciliation: our roll-up of a month against the provider's own total."""

from __future__ import annotations

from decimal import Decimal

from nephoscope.cost.money import EXACT, plain
from nephoscope.cost.totals import ProviderCost
from nephoscope.findings import Finding, at_most, measured, unknown

CHECK = "cost.reconciliation"
TOLERANCE_PERCENT = Decimal("0.5")
LEAST = Decimal("0.01")  # what rounding on an invoice may make


def reconciled(
    provider: str, month: str, ours: ProviderCost, theirs: ProviderCost, *, percent: Decimal = TOLERANCE_PERCENT
) -> Finding:
    """
    Hold the difference between two totals of one month against a tolerance.

    Args:
        provider: Whose bill it is.
        month: "2026-05".
        ours: What the roll-up of the exports says.
        theirs: What the provider's API or invoice says.
        percent: How far they may lie apart, in percent of the provider's total, but at least a cent.

    Returns:
        The Finding's value is the absolute difference in the bill's currency.
    """
    subject = f"{provider}/{month}"
    labels = {"provider": provider}
    for name, cost in (("our roll-up", ours), ("the provider's total", theirs)):
        if cost.status == "unknown" or len(cost.billed) != 1:
            reason = cost.reason or f"it is in {len(cost.billed)} currencies"
            return unknown(CHECK, subject, reason=f"{name} is not known: {reason}.", labels=labels)
    (our_currency, our_sum), (their_currency, their_sum) = *ours.billed.items(), *theirs.billed.items()
    if our_currency != their_currency or our_sum is None or their_sum is None:
        reason = f"our roll-up is in {our_currency}, the provider's total in {their_currency}."
        return unknown(CHECK, subject, reason=reason, labels=labels)
    difference = EXACT.subtract(our_sum, their_sum)
    allowed = max(LEAST, abs(their_sum) * percent / 100)
    said = f"our {plain(our_sum)} against their {plain(their_sum)} {our_currency}: a difference of {plain(difference)}"
    return measured(
        CHECK,
        subject,
        abs(difference),
        at_most(allowed),
        reason=f"{said}.",
        labels=labels,
        evidence={"ours": plain(our_sum), "theirs": plain(their_sum), "difference": plain(difference)},
    )
