"""
AWS Cost Explorer, by GetCostAndUsage.

Start is inclusive, End exclusive; amounts are text; with GroupBy the totals are empty and the groups are added. There
is no paginator, and "each paginated request incurs a charge of $0.01": a call has a budget of pages. The service lives
in us-east-1 alone. Charges come late by a day or two: a young day that is estimated and empty is not told yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from functools import cached_property
from typing import Any, TypedDict

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from nephoscope.cost.daily import LATE_DAYS
from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.money import amount
from nephoscope.cost.month import Month, days, midnight
from nephoscope.ports import Clock

REGION = "us-east-1"
PAGES_MOST = 20
TIMEOUT_SECONDS = 20.0  # of one page
RETRIES = {"mode": "standard", "total_max_attempts": 4}
BILLED, EFFECTIVE = "UnblendedCost", "AmortizedCost"

# What a RECORD_TYPE is among FOCUS's charge categories; "Usage" for every other.
CHARGES = {
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Credit",
    "Upfront": "Purchase",
    "RIFee": "Purchase",
    "Recurring": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "SavingsPlanUpfrontFee": "Purchase",
    "SavingsPlanNegation": "Adjustment",
    "Support": "Purchase",
    "Enterprise Discount Program Discount": "Adjustment",
}
SERVICE = {"Type": "DIMENSION", "Key": "SERVICE"}
USAGE = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": sorted(CHARGES)}}}


class CostExplorerBills:
    """The bill of one account, or of an organization's payer."""

    def __init__(self, clock: Clock, *, pages_most: int = PAGES_MOST, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._clock = clock
        self._pages_most = pages_most
        self._timeout_seconds = timeout_seconds

    @cached_property
    def _client(self) -> Any:
        config = Config(connect_timeout=3, read_timeout=self._timeout_seconds, retries=RETRIES)
        return boto3.client("ce", region_name=REGION, config=config)

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Ask for a month by day, service (or tag) and record type."""
        by = {"Type": "TAG", "Key": tag} if tag else SERVICE
        question = {"GroupBy": [by, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}]}
        return self._answered(month, question, lambda keys: _charge(keys, tag))

    def usage_by_account(self, month: str) -> Answer:
        """Ask for a month's usage by day, service and account: two groups are the most, so it is a call of its own."""
        question = {"GroupBy": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}, SERVICE], "Filter": USAGE}
        return self._answered(month, question, lambda keys: Keys(account=keys[0], service=keys[1], charge="Usage"))

    def _answered(self, month: str, question: Mapping[str, Any], keys: Callable[[Sequence[str]], Keys]) -> Answer:
        asked, now = Month.of(month), self._clock.now()
        end, late = asked.told_until(now), now.astimezone(UTC).date() - timedelta(days=LATE_DAYS)
        if end <= asked.first:
            return Unknown(f"Not one day of {month} is over.")
        try:
            found: list[Line] = []
            named: set[date] = set()
            told: set[date] = set()
            for page in self._pages(asked, end, question):
                for period in page["ResultsByTime"]:
                    day = date.fromisoformat(period["TimePeriod"]["Start"][:10])
                    named.add(day)
                    estimated = bool(period.get("Estimated"))
                    if period["Groups"] or not estimated or day < late:
                        told.add(day)
                    found += [
                        _line(group["Metrics"], day, month, estimated, keys(group["Keys"]))
                        for group in period["Groups"]
                    ]
        except (ClientError, BotoCoreError) as error:
            return Unknown(_said(error))
        except _Unfinished as error:
            return Unknown(str(error))
        except (ResponseParserError, KeyError, TypeError, ValueError, AttributeError) as error:
            return Unknown(f"Cost Explorer's answer cannot be read ({type(error).__name__}: {error}).")
        missing = [day for day in days(asked.first, end) if day not in named]
        if missing:
            return Unknown(
                f"Cost Explorer left out {len(missing)} of {(end - asked.first).days} days, from {missing[0]}."
            )
        if not told:
            return Unknown(f"Cost Explorer has nothing of {month} yet: its days are estimated and empty.")
        return Known(tuple(found), midnight(max(told) + timedelta(days=1)))

    def _pages(self, month: Month, end: date, question: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {
            "TimePeriod": {"Start": month.first.isoformat(), "End": end.isoformat()},
            "Granularity": "DAILY",
            "Metrics": [BILLED, EFFECTIVE],
            **question,
        }
        tokens: set[str] = set()
        for _ in range(self._pages_most):
            page = self._client.get_cost_and_usage(**asked)
            yield page
            token = page.get("NextPageToken")
            if not token:
                return
            if token in tokens:
                raise _Unfinished("Cost Explorer named the same next page twice.")
            tokens.add(token)
            asked["NextPageToken"] = token
        raise _Unfinished(f"Cost Explorer has more than the {self._pages_most} pages that a call may pay for.")


class _Unfinished(Exception):
    """The pages did not come to their end."""


class Keys(TypedDict, total=False):
    """What a group's keys say of a line."""

    service: str
    account: str
    charge: str
    tags: Mapping[str, str]


def _charge(keys: Sequence[str], tag: str) -> Keys:
    name, record = keys
    charge = CHARGES.get(record, "Usage")
    if not tag:
        return {"service": name, "charge": charge}
    # A tag's key and value come as one text: "model$fraud_detection_v2", with nothing after the "$" where it is unset.
    value = name.removeprefix(f"{tag}$")
    return {"charge": charge, "tags": {tag: value} if value else {}}


def _line(metrics: Mapping[str, Any], day: date, month: str, estimated: bool, keys: Keys) -> Line:
    billed, effective = metrics[BILLED], metrics[EFFECTIVE]
    return Line(
        provider="aws",
        currency=billed["Unit"],
        billed=amount(billed["Amount"]),
        effective=amount(effective["Amount"]),
        month=month,
        day=day,
        estimated=estimated,
        **keys,
    )


def _said(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        said = f"{told.get('Code')}: {str(told.get('Message')).rstrip('.')}"
        return f"Cost Explorer refused {error.operation_name} with {said}."
    return f"Cost Explorer did not answer: {str(error).rstrip('.')}."
