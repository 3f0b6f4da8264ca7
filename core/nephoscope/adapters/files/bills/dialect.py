"""What every dialect of bills is mapped onto: the columns of FOCUS that a roll-up reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nephoscope.adapters.files.bills.columns import NOTHING, Money
from nephoscope.cost.bill import View


@dataclass(frozen=True, slots=True)
class Charges:
    """One file's charges as expressions over its columns, named as FOCUS names them."""

    dialect: str  # "FOCUS 1.2", "CUR 2.0": for people
    provider: str
    currency: str
    billed: Money
    effective: Money
    period: str  # BillingPeriodStart, a timestamp in UTC
    start: str  # ChargePeriodStart
    end: str  # ChargePeriodEnd, exclusive
    tag: Callable[[str], str]  # the value of one tag
    service: str = NOTHING
    category: str = NOTHING
    charge: str = NOTHING  # ChargeCategory
    correction: str = "false"
    account: str = NOTHING
    billing_account: str = NOTHING
    region: str = NOTHING
    resource: str = NOTHING
    pricing: str = NOTHING  # PricingCategory
    commitment: str = NOTHING  # CommitmentDiscountId
    commitment_status: str = NOTHING
    unit: str = NOTHING  # ConsumedUnit
    description: str = NOTHING  # ChargeDescription
    idle: str = "false"  # charged with a ConsumedQuantity of 0
    tagged: str = "NULL::BOOLEAN"
    view: View = "both"  # "actual" has no effective cost, "amortised" no billed one


def no_tags(_key: str) -> str:
    """Tell that a dialect has no tags."""
    return NOTHING
