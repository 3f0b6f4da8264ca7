"""
Azure Cost Management, by its Query API.

Columns are read by their names; `nextLink` is asked with the same body; 204 holds nothing, not even a zero, and neither
does a view without a row. A 429 names up to three waits, of which the longest counts; only a 429 is tried again.
Returned days must lie in what was asked for, because "future dates may be silently shifted"; the last that every view
tells of is how far the answer is complete.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from nephoscope.adapters.https import Answer as Answered
from nephoscope.adapters.https import request
from nephoscope.cost.daily import LATE_DAYS
from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.money import amount, total
from nephoscope.cost.month import Month, midnight
from nephoscope.errors import Transient
from nephoscope.ports import Clock

ENDPOINT = "https://management.azure.com"
API_VERSION = "2025-03-01"
PAGES_MOST = 50
TIMEOUT_SECONDS = 30.0  # of one page
TRIES_MOST = 3  # of one page, after 429s
LONGEST_WAIT_SECONDS = 30.0
WAITS = tuple(f"x-ms-ratelimit-microsoft.costmanagement-{of}-retry-after" for of in ("qpu", "entity", "tenant"))
COSTS = ("Cost", "PreTaxCost", "totalCost")

CHARGES = {
    "usage": "Usage",
    "purchase": "Purchase",
    "refund": "Adjustment",
    "tax": "Tax",
    "unusedreservation": "Usage",
    "unusedsavingsplan": "Usage",
}


Group: TypeAlias = tuple[str, str]  # its type and its name
SERVICE: Group = ("Dimension", "ServiceName")
CHARGE: Group = ("Dimension", "ChargeType")
SUBSCRIPTION: Group = ("Dimension", "SubscriptionId")
USAGE = ("Usage", "UnusedReservation", "UnusedSavingsPlan")


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are asked for; the end is exclusive."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start} to {self.end}, exclusive"


@dataclass(frozen=True, slots=True)
class Question:
    """What the days are grouped by, two things at most, and the charge types that are asked for; all where none is."""

    first: Group
    second: Group
    only: tuple[str, ...] = ()

    def body(self, kind: str, period: Period) -> dict[str, Any]:
        """Write the question as the API reads it; its period's end is inclusive there, to the second."""
        last = period.end - timedelta(days=1)
        dataset: dict[str, Any] = {
            "granularity": "Daily",
            "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": [{"type": kind_of, "name": name} for kind_of, name in (self.first, self.second)],
        }
        if self.only:
            dataset["filter"] = {"dimensions": {"name": CHARGE[1], "operator": "In", "values": list(self.only)}}
        return {
            "type": kind,
            "timeframe": "Custom",
            "timePeriod": {"from": f"{period.start}T00:00:00Z", "to": f"{last}T23:59:59Z"},
            "dataset": dataset,
        }


class CostManagementBills:
    """The bill of one scope: a billing account, a subscription, a resource group."""

    def __init__(
        self,
        clock: Clock,
        token: Callable[[], str],
        scope: str,
        *,
        endpoint: str = ENDPOINT,
        wait: Callable[[float], None] = time.sleep,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._clock, self._token, self._wait = clock, token, wait
        self._timeout_seconds = timeout_seconds
        self._endpoint = endpoint
        self._subscription = subscription_of(scope)
        path = f"{scope.strip('/')}/providers/Microsoft.CostManagement/query?api-version={API_VERSION}"
        self._url = f"{endpoint}/{path}"

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Ask for a month by day, service (or tag) and charge type: once as invoiced, once amortised."""
        by = Question(("TagKey", tag) if tag else SERVICE, CHARGE)
        return self._told(
            month,
            by,
            ("ActualCost", "AmortizedCost"),
            lambda actual, amortised: _joined(actual, amortised, self._subscription, tag),
        )

    def usage_by_account(self, month: str) -> Answer:
        """Ask for a month's amortised usage by day, service and subscription: two groups are the most."""
        by = Question(SERVICE, SUBSCRIPTION, only=USAGE)
        return self._told(month, by, ("AmortizedCost",), lambda rows: map(_usage, rows))

    def _told(self, month: str, by: Question, kinds: Sequence[str], read: Callable[..., Iterable[Line]]) -> Answer:
        asked = Month.of(month)
        now = self._clock.now()
        period = Period(asked.first, asked.told_until(now))
        if period.end <= period.start:
            return Unknown(f"Not one day of {month} is over.")
        try:
            # The answer does not say which of its days may still grow.
            late = now.astimezone(UTC).date() - timedelta(days=LATE_DAYS)
            views = [self._rows(kind, by, period) for kind in kinds]
            lines = (
                replace(line, month=month, estimated=line.day is not None and line.day >= late) for line in read(*views)
            )
            last = min(max(map(_day, rows)) for rows in views)
            return Known(tuple(lines), midnight(last + timedelta(days=1)))
        except (_Refused, Transient) as error:
            return Unknown(str(error))
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
            return Unknown(f"Cost Management's answer cannot be read ({type(error).__name__}: {error}).")

    def _rows(self, kind: str, by: Question, period: Period) -> list[dict[str, Any]]:
        body = json.dumps(by.body(kind, period)).encode()
        rows: list[dict[str, Any]] = []
        for page in self._pages(body):
            names = [column["name"] for column in page["columns"]]
            rows += [dict(zip(names, row, strict=True)) for row in page["rows"]]
        if not rows:
            raise _Refused(f"Cost Management answered {kind} without a row: nothing is known of {period}.")
        told = {_day(row) for row in rows}
        strange = sorted(day for day in told if not period.start <= day < period.end)
        if strange:
            raise _Refused(f"Cost Management answered for {strange[0]}, asked for {period}.")
        if len(told) == 1 and (period.end - period.start).days > 3:
            raise _Refused(f"Cost Management told of {told.pop()} alone, asked for {period}.")
        return rows

    def _pages(self, body: bytes) -> Iterator[Mapping[str, Any]]:
        url, seen = self._url, set[str]()
        for _ in range(PAGES_MOST):
            answer = self._answered(url, body)
            page = json.loads(answer.body, parse_float=Decimal)["properties"]
            yield page
            url = page.get("nextLink") or ""
            if not url:
                return
            if url in seen:
                raise _Refused("Cost Management named the same next page twice.")
            if urlsplit(url)[:2] != urlsplit(self._endpoint)[:2]:
                raise _Refused(f"Cost Management named a next page on another host, {urlsplit(url).netloc}.")
            seen.add(url)
        raise _Refused(f"Cost Management has more than {PAGES_MOST} pages.")

    def _answered(self, url: str, body: bytes) -> Answered:
        """Ask one page; after a 429 again, when the longest of its waits is over and is not too long to wait for."""
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        for left in reversed(range(TRIES_MOST)):
            answer = request(url, method="POST", body=body, headers=headers, timeout_seconds=self._timeout_seconds)
            if answer.status == 200:
                return answer
            if answer.status == 204:
                raise _Refused("Cost Management answered without content: nothing is known of this scope and month.")
            wait = longest_wait(answer.headers)
            if answer.status != 429 or not left or wait > LONGEST_WAIT_SECONDS:
                again = f" It asks to wait {wait:.0f} s." if answer.status == 429 else ""
                raise _Refused(f"Cost Management answered {answer.status}: {answer.text.rstrip('.')}.{again}")
            self._wait(wait)
        raise _Refused("Cost Management was not asked.")


class _Refused(Exception):
    """An answer that is none."""


def longest_wait(headers: Mapping[str, str]) -> float:
    """
    The longest of the waits that a 429 names, in seconds; 10 where it names none.

    >>> longest_wait({WAITS[0]: "4", WAITS[2]: "27", "retry-after": "1"})
    27.0
    """
    waits = [float(headers[name]) for name in (*WAITS, "retry-after") if headers.get(name, "").isdigit()]
    return max(waits, default=10.0)


def _day(row: Mapping[str, Any]) -> date:
    text = str(row["UsageDate"])
    return datetime.strptime(text[:10].replace("-", ""), "%Y%m%d").date()  # noqa: DTZ007  # a day has no zone


def _cost(row: Mapping[str, Any]) -> Decimal:
    name = next(name for name in COSTS if name in row)
    return amount(str(row[name]))


def _joined(
    actual: Sequence[Mapping[str, Any]], amortised: Sequence[Mapping[str, Any]], account: str | None, tag: str
) -> Iterator[Line]:
    """Put the two views side by side; a key that one of them lacks costs nothing in it."""
    sums: dict[tuple[date, str, str, str], dict[str, list[Decimal]]] = {}
    for view, rows in (("actual", actual), ("amortised", amortised)):
        for row in rows:
            name = row.get("TagValue") if tag else row["ServiceName"]
            key = (_day(row), name or "", row.get("ChargeType") or "", row["Currency"])
            sums.setdefault(key, {"actual": [], "amortised": []})[view].append(_cost(row))
    for (day, name, charge, currency), found in sums.items():
        yield Line(
            provider="azure",
            currency=currency,
            billed=total(found["actual"]),
            effective=total(found["amortised"]),
            day=day,
            service=None if tag else name or None,
            account=account,
            charge=CHARGES.get(charge.lower(), "Usage"),
            tags={tag: name} if tag and name else {},
        )


def _usage(row: Mapping[str, Any]) -> Line:
    return Line(
        provider="azure",
        currency=row["Currency"],
        billed=None,
        effective=_cost(row),
        day=_day(row),
        service=row["ServiceName"] or None,
        account=row["SubscriptionId"].lower() or None,
        charge="Usage",
    )


def subscription_of(scope: str) -> str | None:
    """
    The subscription that a scope lies in; None for a billing account or a management group, which hold several.

    >>> subscription_of("/subscriptions/0F0A/resourceGroups/ml"), subscription_of("providers/Microsoft.Billing/x")
    ('0f0a', None)
    """
    kind, _, rest = scope.strip("/").partition("/")
    return rest.partition("/")[0].lower() if kind.lower() == "subscriptions" else None
