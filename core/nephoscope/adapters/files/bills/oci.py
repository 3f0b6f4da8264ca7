"""Oracle Cloud's cost reports, whose columns are named `lineItem/…`, `product/…`, `usage/…` and `cost/…`."""

from __future__ import annotations

from nephoscope.adapters.files.bills.columns import Columns
from nephoscope.adapters.files.bills.dialect import Charges

NEEDED = ("cost/myCost", "cost/currencyCode", "lineItem/intervalUsageStart")


def missing(columns: Columns) -> list[str]:
    """Name the columns without which a file is no cost report of Oracle's."""
    return [name for name in NEEDED if not columns.has(name)]


def charges(columns: Columns) -> Charges | None:
    """Read a cost report; None where the file is none."""
    if missing(columns):
        return None
    cost = columns.money("cost/myCost")
    start = columns.time("lineItem/intervalUsageStart")
    correction = columns.text("lineItem/isCorrection")
    return Charges(
        dialect="OCI cost report",
        provider="'Oracle'",
        currency=columns.text("cost/currencyCode"),
        billed=cost,
        effective=cost,
        period=f"date_trunc('month', {start})",
        start=start,
        end=columns.time("lineItem/intervalUsageEnd"),
        tag=lambda key: columns.exactly(f"tags/{key}"),
        service=columns.text("product/service"),
        charge="'Usage'",
        correction=f"coalesce(lower({correction}) = 'true', false)",
        account=columns.text("product/compartmentId", "lineItem/tenantId"),
        billing_account=columns.text("lineItem/tenantId", "cost/subscriptionId"),
        region=columns.text("product/region"),
        resource=columns.text("product/resourceId"),
    )
