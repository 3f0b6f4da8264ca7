"""Fakes of the three billing APIs on the loopback: two days of May 2026, as the services answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes.scripted_http import Answer, ScriptedHttp, serving


def document(content: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(status, {"Content-Type": "application/json", **headers}, json.dumps(content).encode())


def cost_explorer_day(day: int, *groups: tuple[str, str, str, str], estimated: bool = False) -> dict[str, Any]:
    """One period: its groups are (service, tag or account, record type or service, unblended, amortized)."""
    return {
        "TimePeriod": {"Start": f"2026-05-{day:02}", "End": f"2026-05-{day + 1:02}"},
        "Total": {},
        "Groups": [
            {
                "Keys": [name, record],
                "Metrics": {
                    "UnblendedCost": {"Amount": unblended, "Unit": "USD"},
                    "AmortizedCost": {"Amount": amortized, "Unit": "USD"},
                },
            }
            for name, record, unblended, amortized in groups
        ],
        "Estimated": estimated,
    }


COST_EXPLORER_ACCOUNTS = (
    cost_explorer_day(1, ("111111111111", "AmazonSageMaker", "10.0000000001", "12")),
    cost_explorer_day(2, ("222222222222", "AmazonSageMaker", "2", "2"), estimated=True),
)
COST_EXPLORER_DAYS = (
    cost_explorer_day(1, ("AmazonSageMaker", "Usage", "10.0000000001", "12"), ("Tax", "Tax", "1.5", "1.5")),
    cost_explorer_day(2, ("AmazonSageMaker", "Usage", "2", "2"), estimated=True),
)


def cost_explorer(path: str, body: bytes) -> Answer:
    """GetCostAndUsage in two pages, a day each."""
    second = b"NextPageToken" in body
    days = COST_EXPLORER_ACCOUNTS if b"LINKED_ACCOUNT" in body else COST_EXPLORER_DAYS
    page: dict[str, Any] = {"ResultsByTime": [days[second]]}
    return document(page if second else {**page, "NextPageToken": "two"})


def cost_management_page(
    rows: list[list[Any]], following: str | None = None, *, second: str = "ChargeType"
) -> dict[str, Any]:
    """One page; its columns are not in the order of the question."""
    names = ("Cost", "UsageDate", "ServiceName", second, "Currency")
    return {"properties": {"columns": [{"name": name} for name in names], "rows": rows, "nextLink": following}}


@dataclass
class CostManagement:
    """The Query API: actual cost in two pages, amortised cost in one."""

    url: str = ""  # where it is served: what the next page's link begins with
    month: int = 202605
    tokens: list[str] = field(default_factory=list)

    def __call__(self, path: str, body: bytes) -> Answer:
        """Answer one page."""
        first, second = self.month * 100 + 1, self.month * 100 + 2
        asked = json.loads(body)
        if "filter" in asked["dataset"]:
            one = [[12.25, first, "Azure ML", "SUB-1", "EUR"]]
            two = [[2, second, "Azure ML", "sub-2", "EUR"]]
            last = "skiptoken" in path
            following = None if last else f"{self.url}{path}&$skiptoken=two"
            return document(cost_management_page(two if last else one, following, second="SubscriptionId"))
        asked_to = int(asked["timePeriod"]["to"][:10].replace("-", ""))
        later = [[2, second, "Azure ML", "Usage", "EUR"]] if second <= asked_to else []
        if asked["type"] == "AmortizedCost":
            return document(cost_management_page([[12.25, first, "Azure ML", "Usage", "EUR"], *later]))
        if "skiptoken" in path:
            return document(cost_management_page(later))
        rows = [[10.1, first, "Azure ML", "Usage", "EUR"], [0.2, first, "Azure ML", "Purchase", "EUR"]]
        return document(cost_management_page(rows, f"{self.url}{path}&$skiptoken=two"))


BIGQUERY_FIELDS = {
    "day": "DATE",
    "service": "STRING",
    "charge": "STRING",
    "currency": "STRING",
    "account": "STRING",
    "tag": "STRING",
    "correction": "BOOLEAN",
    "billed": "BIGNUMERIC",
    "effective": "BIGNUMERIC",
    "exported": "TIMESTAMP",
    "until": "TIMESTAMP",
    "charges": "INTEGER",
}


def _charged(day: str, charge: str, account: str | None, billed: str, exported: str, charges: int) -> list[str | None]:
    """One row of an answer, in the order of its fields."""
    return [day, "Vertex AI", charge, "USD", account, None, "false", billed, None, exported, None, str(charges)]


@dataclass
class BigQuery:
    """The REST API of one table: its metadata, a dry run, a query and its rows."""

    rows: list[list[str | None]] = field(
        default_factory=lambda: [
            _charged("2026-05-01", "regular", "ml", "10.1000000001", "1777680000000000", 3),
            _charged("2026-05-02", "tax", None, "2", "1777766400000000", 1),
        ]
    )
    bytes: int = 1_000
    partition: str | None = None  # the column that the table is partitioned by; the time of loading when None
    queries: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, path: str, body: bytes) -> Answer:
        """Answer as the service does."""
        if path.split("?")[0].endswith("/jobs"):
            return self._job(json.loads(body))
        if "/queries/" in path or path.split("?")[0].endswith("/data"):
            return document(self._results())
        if "/tables/" in path:
            return document({"tableReference": _TABLE, "timePartitioning": _partitioning(self.partition)})
        return document({"jobReference": _JOB, "status": {"state": "DONE"}, "configuration": _CONFIGURATION})

    def _job(self, asked: dict[str, Any]) -> Answer:
        configuration = asked["configuration"]
        self.queries.append(configuration)
        statistics = {"totalBytesProcessed": str(self.bytes), "query": {"totalBytesProcessed": str(self.bytes)}}
        reference = {**_JOB, "jobId": asked.get("jobReference", {}).get("jobId", "dry")}
        return document(
            {
                "jobReference": reference,
                "status": {"state": "DONE"},
                "statistics": statistics,
                "configuration": {**configuration, **_CONFIGURATION},
            }
        )

    def _results(self) -> dict[str, Any]:
        return {
            "jobReference": _JOB,
            "jobComplete": True,
            "totalRows": str(len(self.rows)),
            "schema": {"fields": [{"name": name, "type": kind} for name, kind in BIGQUERY_FIELDS.items()]},
            "rows": [{"f": [{"v": value} for value in row]} for row in self.rows],
        }


def _partitioning(column: str | None) -> dict[str, str]:
    return {"type": "DAY"} if column is None else {"type": "DAY", "field": column}


_JOB = {"projectId": "acme", "jobId": "job", "location": "EU"}
_TABLE = {"projectId": "acme", "datasetId": "billing", "tableId": "export"}
_CONFIGURATION = {"query": {"destinationTable": {**_TABLE, "tableId": "answer"}}, "jobType": "QUERY"}


@contextmanager
def served(service: Any) -> Iterator[ScriptedHttp]:
    """Serve one of them."""
    with serving(service) as http:
        if hasattr(service, "url"):
            service.url = http.url
        yield http
