"""
FOCUS, the FinOps Open Cost and Usage Specification, versions 1.0 to 1.4.

Columns are read by name. Only what the roll-up cannot do without is asked for: "Conditional" and "Recommended" columns
may be absent, 1.4 has dropped ProviderName, and Azure's preview leaves ServiceName empty for some purchases.
"""

from __future__ import annotations

from nephoscope.adapters.files.bills.columns import BARE, Columns, folded, literal
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.adapters.files.bills.tags import is_tagged, tag
from nephoscope.cost.providers import CLOUD

NEEDED = ("BilledCost", "BillingCurrency", "BillingPeriodStart")
PROVIDERS = ("ServiceProviderName", "ProviderName")

# Azure's 1.0 has two columns of 1.2 already, and others of it under names of its own.
AZURE_1_0 = ("x_SkuMeterName", "x_InvoiceId", "x_PricingCurrency")

# The columns that a version brought, the newest version first.
_BROUGHT = {
    "1.3": ("HostProviderName", "AllocatedMethodId", "ContractApplied", "ServiceProviderName"),
    "1.2": ("BillingAccountType", "SubAccountType", "InvoiceId", "PricingCurrency"),
    "1.1": ("CapacityReservationId", "CommitmentDiscountQuantity", "ServiceSubcategory", "SkuMeter", "SkuPriceDetails"),
}


def missing(columns: Columns) -> list[str]:
    """Name the columns without which a file is no FOCUS bill."""
    lacking = [name for name in NEEDED if not columns.has(name)]
    if not any(columns.has(name) for name in PROVIDERS):
        lacking.append(" or ".join(PROVIDERS))
    return lacking


def version(columns: Columns) -> str:
    """Tell the version of a data set from the columns it has."""
    if columns.has("ServiceProviderName") and not columns.has("ProviderName"):
        return "1.4"
    if columns.has(*AZURE_1_0):
        return "1.0"
    if columns.has("InvoiceDetailId") or columns.has("CommitmentProgramEligibilityDetails"):
        return "1.4"
    for number, brought in _BROUGHT.items():
        if any(columns.has(name) for name in brought):
            return number
    return "1.0"


def azures_release(columns: Columns) -> str | None:
    """
    Tell by a row which of Azure's two releases of 1.0 a file is: 1.0r2 writes the seconds of its times, 1.0 does not.

    Returns:
        An expression; None where it is no file of Azure's 1.0, or its times are no text any more.
    """
    if not columns.has(*AZURE_1_0) or columns.expression("BillingPeriodStart")[1] not in ("VARCHAR", BARE):
        return None
    start = columns.text("BillingPeriodStart")
    return f"CASE WHEN length({start}) >= 20 THEN '1.0r2' WHEN length({start}) = 17 THEN '1.0' END"


def charges(columns: Columns) -> Charges | None:
    """Read FOCUS columns; None where the file is no FOCUS bill."""
    if missing(columns):
        return None
    klass = columns.text("ChargeClass")
    return Charges(
        dialect=f"FOCUS {version(columns)}",
        provider=_provider(columns),
        currency=columns.text("BillingCurrency"),
        billed=columns.money("BilledCost"),
        effective=columns.money("EffectiveCost"),
        period=columns.time("BillingPeriodStart"),
        start=columns.time("ChargePeriodStart", "BillingPeriodStart"),
        end=columns.time("ChargePeriodEnd"),
        tag=lambda key: tag(columns, "Tags", key),
        service=columns.text("ServiceName", "PublisherName", "x_SkuMeterSubcategory"),
        category=columns.text("ServiceCategory"),
        charge=columns.text("ChargeCategory"),
        correction=f"coalesce(lower({klass}) = 'correction', false)",
        account=columns.text("SubAccountId", "BillingAccountId"),
        billing_account=columns.text("BillingAccountId"),
        region=columns.text("RegionId", "Region"),
        resource=columns.text("ResourceId"),
        pricing=columns.text("PricingCategory"),
        commitment=columns.text("CommitmentDiscountId"),
        commitment_status=columns.text("CommitmentDiscountStatus"),
        unit=columns.text("ConsumedUnit", "PricingUnit"),
        description=columns.text("ChargeDescription"),
        idle=f"coalesce(try_cast({columns.text('ConsumedQuantity')} AS DOUBLE) = 0, false)",
        tagged=is_tagged(columns, "Tags"),
    )


def _provider(columns: Columns) -> str:
    """
    Tell whose bill a row stands in.

    Since 1.3 a marketplace's row names its seller as the provider of the service; the cloud whose bill it is, which
    ProviderName held before, is its host.
    """
    service = columns.text(*PROVIDERS, "InvoiceIssuerName", "PublisherName")
    if not columns.has("HostProviderName"):
        return service
    host, is_cloud = columns.text("HostProviderName"), f"regexp_matches(lower(trim({service})), {literal(CLOUD)})"
    return f"CASE WHEN {is_cloud} THEN {service} ELSE coalesce({host}, {service}) END"


def likeness(columns: Columns) -> int:
    """Count the needed columns that are there, to tell which bill a file nearly is."""
    return sum(folded(name) in columns.names for name in (*NEEDED, *PROVIDERS))
