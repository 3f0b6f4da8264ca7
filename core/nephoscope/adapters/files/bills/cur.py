"""
AWS Cost and Usage Reports, legacy (`lineItem/UnblendedCost`) and 2.0 (`line_item_unblended_cost`).

Billed cost is UnblendedCost. Effective cost is the amortised one, by AWS's own rules: usage that a commitment covers
carries its share of the fee, what was not used stays on the fee's line, and the fee and its negation carry nothing.
"""

from __future__ import annotations

import re

from nephoscope.adapters.files.bills.columns import NOTHING, ZERO, Columns, Money, folded, literal
from nephoscope.adapters.files.bills.dialect import Charges

NEEDED = ("lineItem/UnblendedCost", "lineItem/CurrencyCode", "bill/BillingPeriodStartDate", "lineItem/LineItemType")

_CHARGES = {
    "Tax": "Tax",
    "Fee": "Purchase",
    "RIFee": "Purchase",
    "SavingsPlanUpfrontFee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "Credit": "Credit",
    "Refund": "Credit",
}
_PRICING = {"spot": "Dynamic", "ondemand": "Standard", "reserved": "Committed", "savingsplan": "Committed"}


def missing(columns: Columns) -> list[str]:
    """Name the columns without which a file is no Cost and Usage Report."""
    return [name for name in NEEDED if not columns.has(name)]


def charges(columns: Columns) -> Charges | None:
    """Read a Cost and Usage Report; None where the file is none."""
    if missing(columns):
        return None
    kind = columns.text("lineItem/LineItemType")
    modern = columns.has("resource_tags") or columns.has("product") or columns.has("bill_payer_account_name")
    return Charges(
        dialect="CUR 2.0" if modern else "CUR",
        provider="'AWS'",
        currency=columns.text("lineItem/CurrencyCode"),
        billed=columns.money("lineItem/UnblendedCost"),
        effective=_amortised(columns, kind),
        period=columns.time("bill/BillingPeriodStartDate"),
        start=columns.time("lineItem/UsageStartDate", "bill/BillingPeriodStartDate"),
        end=columns.time("lineItem/UsageEndDate"),
        tag=lambda key: _tag(columns, key),
        service=columns.text("lineItem/ProductCode", "product/ProductName"),
        charge=_matched(kind, _CHARGES, "'Usage'"),
        account=columns.text("lineItem/UsageAccountId", "bill/PayerAccountId"),
        billing_account=columns.text("bill/PayerAccountId"),
        region=columns.text("product/region", "product/regionCode", "product_region_code"),
        resource=columns.text("lineItem/ResourceId"),
        pricing=_pricing(columns, kind),
        commitment=columns.text("savingsPlan/SavingsPlanARN", "reservation/ReservationARN"),
        unit=columns.text("pricing/unit"),
        description=columns.text("lineItem/LineItemDescription"),
        commitment_status=f"CASE WHEN {kind} IN ('RIFee', 'SavingsPlanRecurringFee') THEN 'Unused' "
        f"WHEN {kind} IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Used' END",
    )


def _amortised(columns: Columns, kind: str) -> Money:
    unblended = columns.money("lineItem/UnblendedCost")
    rules = [
        ("= 'SavingsPlanCoveredUsage'", columns.money("savingsPlan/SavingsPlanEffectiveCost")),
        ("= 'DiscountedUsage'", columns.money("reservation/EffectiveCost")),
        ("IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee')", ZERO),
        (
            "= 'SavingsPlanRecurringFee'",
            columns.money("savingsPlan/TotalCommitmentToDate").minus(columns.money("savingsPlan/UsedCommitment")),
        ),
        (
            "= 'RIFee'",
            columns.money("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod").plus(
                columns.money("reservation/UnusedRecurringFee")
            ),
        ),
    ]
    amount = unblended
    if columns.has("reservation/ReservationARN"):
        is_upfront = f"{kind} = 'Fee' AND {columns.text('reservation/ReservationARN')} IS NOT NULL"
        amount = ZERO.when(is_upfront, amount)
    for condition, share in rules:
        amount = share.when(f"{kind} {condition}", amount)
    return amount


def _pricing(columns: Columns, kind: str) -> str:
    if columns.has("lineItem/UsageType"):
        usage = columns.text("lineItem/UsageType")
        spot = f"WHEN {usage} LIKE '%SpotUsage%' THEN 'Dynamic'"
    else:
        spot = ""
    committed = f"WHEN {kind} IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Committed'"
    option = f"lower(replace({columns.text('product/PurchaseOption', 'pricing/term')}, '-', ''))"
    return f"CASE {spot} {committed} ELSE {_matched(option, _PRICING, NOTHING)} END"


def _matched(expression: str, values: dict[str, str], other: str) -> str:
    cases = " ".join(f"WHEN {literal(value)} THEN {literal(meaning)}" for value, meaning in values.items())
    return f"CASE {expression} {cases} ELSE {other} END"


def _tag(columns: Columns, key: str) -> str:
    for prefix in ("resourceTags/user:", "resource_tags_user_", "resourceTags/"):
        if columns.has(prefix + key):
            return columns.exactly(prefix + key)
    if not columns.has("resource_tags"):
        return NOTHING
    expression, kind = columns.expression("resource_tags")
    snake = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)).lower()
    spellings = (f"user_{snake}", f"user_{folded(key)}", f"user:{key}", key)
    if kind.startswith("MAP("):
        return f"coalesce({', '.join(f'{expression}[{literal(spelling)}]' for spelling in spellings)})"
    paths = (literal("$." + '"' + spelling + '"') for spelling in spellings)
    return f"TRY(coalesce({', '.join(f'json_extract_string({expression}::VARCHAR, {path})' for path in paths)}))"
