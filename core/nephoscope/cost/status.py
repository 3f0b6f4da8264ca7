"""Whether a month's cost stays within its budget: OK, ALERT, or UNKNOWN."""

from __future__ import annotations

from enum import StrEnum

from nephoscope.cost.money import Budget
from nephoscope.cost.totals import Total
from nephoscope.findings import Verdict


class Status(StrEnum):
    """The word of the cost report."""

    OK = "OK"
    ALERT = "ALERT"
    UNKNOWN = "UNKNOWN"

    @property
    def verdict(self) -> Verdict:
        """The verdict that it is."""
        return {"OK": Verdict.OK, "ALERT": Verdict.BREACH, "UNKNOWN": Verdict.UNKNOWN}[self.value]


def status(total: Total, budget: Budget | None) -> Status:
    """
    Hold a total against a budget.

    What is known already may be more than the budget: that is an ALERT whatever else is unknown. Below it, a total with
    something missing is UNKNOWN, and so is one in a currency that the budget is not in.

    >>> from decimal import Decimal
    >>> str(status(Total({"USD": Decimal(1001)}, ("gcp",), 3), Budget(Decimal(1000))))
    'ALERT'
    >>> str(status(Total({"USD": Decimal(999)}, ("gcp",), 3), Budget(Decimal(1000))))
    'UNKNOWN'
    >>> str(status(Total({"USD": Decimal(1000)}, (), 3), Budget(Decimal(1000))))
    'OK'
    """
    if budget is None:
        return Status.OK if total.is_exact else Status.UNKNOWN
    currency = budget.currency or total.currency
    spent = total.sums.get(currency) if currency else None
    if spent is not None and spent > budget.amount:
        return Status.ALERT
    comparable = total.is_exact and set(total.sums) <= {currency}
    return Status.OK if comparable else Status.UNKNOWN
