"""
Azure's own cost exports, actual and amortised, of the three agreements (EA, MCA, pay-as-you-go).

The header does not say which of the two views a file is: its name, its manifest or its rows do. Both views hold the
same usage, so they are never added to each other: billed cost comes from the actual one, effective from the amortised.

In another language a header keeps the English name in parentheses, "Kategorie der Verbrauchseinheit (MeterCategory)"
(seen in kubecost/kubecost, issue 1526): that name is the one that is read, of any language.
"""

from __future__ import annotations

from nephoscope.adapters.files.bills.columns import ABSENT, Columns, literal
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.adapters.files.bills.tags import tag
from nephoscope.cost.bill import View

DIALECT = "Azure cost export"

# The agreements name the same thing differently.
COSTS = ("CostInBillingCurrency", "PreTaxCost", "Cost")
CURRENCIES = ("BillingCurrencyCode", "BillingCurrency", "Currency")
DATES = ("Date", "UsageDate", "UsageDateTime")
MARKS = ("MeterId", "MeterCategory", "SubscriptionId", "SubscriptionGuid", "ConsumedService", "MeterName")

_CHARGES = {
    "usage": "Usage",
    "unusedreservation": "Usage",
    "unusedsavingsplan": "Usage",
    "purchase": "Purchase",
    "tax": "Tax",
    "refund": "Adjustment",
    "roundingadjustment": "Adjustment",
}
_PRICING = {"ondemand": "Standard", "spot": "Dynamic", "reservation": "Committed", "savingsplan": "Committed"}


def missing(columns: Columns) -> list[str]:
    """Name the columns without which a file is no cost export of Azure."""
    asked = {"CostInBillingCurrency": COSTS, "BillingCurrency": CURRENCIES, "Date": DATES, "MeterCategory": MARKS}
    return [name for name, names in asked.items() if not any(columns.has(other) for other in names)]


def charges(columns: Columns, view: View = "actual") -> Charges | None:
    """
    Read a cost export of Azure; None where the file is none.

    Args:
        columns: The file's columns.
        view: "actual", "amortised", or "both" where the two are the same (nothing is committed).
    """
    if missing(columns):
        return None
    cost = columns.money(*COSTS)
    day = columns.time(*DATES)
    charge = columns.text("ChargeType")
    period = columns.time("BillingPeriodStartDate", "BillingPeriodStart")
    return Charges(
        dialect=DIALECT,
        provider="'Microsoft'",
        currency=columns.text(*CURRENCIES),
        billed=ABSENT if view == "amortised" else cost,
        effective=ABSENT if view == "actual" else cost,
        period=f"coalesce({period}, date_trunc('month', {day}))",
        start=day,
        end=f"{day} + INTERVAL 1 DAY",
        tag=lambda key: tag(columns, "Tags", key),
        service=columns.text("MeterCategory", "ServiceFamily", "ConsumedService", "PublisherName"),
        category=columns.text("ServiceFamily"),
        charge=_matched(charge, _CHARGES, "'Usage'"),
        account=columns.text("SubscriptionId", "SubscriptionGuid", "BillingAccountId"),
        billing_account=columns.text("BillingAccountId", "SubscriptionId", "SubscriptionGuid"),
        region=columns.text("ResourceLocation", "ResourceLocationNormalized"),
        resource=columns.text("ResourceId", "InstanceName", "InstanceId"),
        pricing=_matched(columns.text("PricingModel"), _PRICING, "NULL"),
        commitment=columns.text("BenefitId", "ReservationId"),
        commitment_status=f"CASE WHEN lower({charge}) LIKE 'unused%' THEN 'Unused' END",
        view=view,
    )


def is_amortised(columns: Columns) -> str:
    """
    Tell by a row whether a file is an amortised view.

    "Actual cost" shows usage that a reservation covers at 0 and the purchase in full; "amortized cost" shows the
    usage at its share and what was not used as a row of its own.
    """
    charge = f"lower(replace({columns.text('ChargeType')}, ' ', ''))"
    if not columns.has("PricingModel"):
        return f"coalesce({charge} IN ('unusedreservation', 'unusedsavingsplan'), false)"
    committed = f"lower(replace({columns.text('PricingModel')}, ' ', '')) IN ('reservation', 'savingsplan')"
    paid = f"coalesce({columns.money(*COSTS).decimal}, 1) > 0"
    return (
        f"coalesce({charge} IN ('unusedreservation', 'unusedsavingsplan') "
        f"OR ({charge} = 'usage' AND {committed} AND {paid}), false)"
    )


def is_actual(columns: Columns) -> str:
    """Tell by a row whether a file is an actual view: only that one holds the purchase of a commitment."""
    if not columns.has("PricingModel"):
        return "false"
    charge = columns.text("ChargeType")
    committed = f"lower(replace({columns.text('PricingModel')}, ' ', '')) IN ('reservation', 'savingsplan')"
    return f"coalesce(lower({charge}) = 'purchase' AND {committed}, false)"


def _matched(expression: str, values: dict[str, str], other: str) -> str:
    cases = " ".join(f"WHEN {literal(value)} THEN {literal(meaning)}" for value, meaning in values.items())
    return f"CASE lower(replace({expression}, ' ', '')) {cases} ELSE {other} END"
