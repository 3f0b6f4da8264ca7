"""
The Log Analytics query API and the metrics batch API, driven by Azure's clients.

There is no Kusto engine to be had without Docker, so the fake reads out of the KQL what it binds and filters by that;
the shape of the KQL itself has tests of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import HeadersPolicy
from fakes.samples import Samples, periods
from fakes.scripted_http import Answer, ScriptedHttp, serving

JSON = {"Content-Type": "application/json"}


class Token:
    """A credential that needs nobody."""

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        """Give a token that is good for years."""
        return AccessToken("loopback", 4_102_444_800)


def client_options(url: str) -> dict[str, Any]:
    """What makes an Azure client speak to the loopback: no token goes over plain http."""
    return {"endpoint": url, "authentication_policy": HeadersPolicy(), "retry_backoff_factor": 0.01}


@dataclass
class AzureMonitor:
    """A workspace's rows, resources' metrics, and what goes wrong next."""

    samples: Samples = field(default_factory=Samples)
    partial: str = ""  # a message: the next answers come with this error beside their rows
    numbers_as_text: bool = False
    http: ScriptedHttp | None = None

    def answer(self, path: str, body: bytes) -> Answer:
        """Answer one call."""
        if path.startswith("/v1/workspaces/"):
            return self.logs(json.loads(body)["query"])
        if path.startswith("/dataCollectionRules/"):
            return self.ingested(path, body)
        return self.batch(urlsplit(path), json.loads(body))

    def logs(self, kql: str) -> Answer:
        """Answer one KQL query: the series or the names."""
        source = re.search(r"^(?:union )?([A-Za-z0-9_, ]+)$", kql, re.MULTILINE)
        assert source, kql
        tables = source[1].split(", ")
        known = {table for table, _, _ in self.samples.of} | {"AppMetrics"}
        if missing := [table for table in tables if table not in known]:
            said = f"'where' operator: Failed to resolve table or column expression named '{missing[0]}'"
            return failure(400, "BadArgumentError", said, "SemanticError")
        labels = re.findall(r'extend label\d+ = tostring\(Properties\["([^"]+)"\]\)', kql)
        rows = self._series(kql, tables, labels) if "summarize" in kql else self._names(tables, labels)
        return Answer(200, JSON, json.dumps(self._told(rows)).encode())

    def ingested(self, path: str, body: bytes) -> Answer:
        """Take rows into the stream's table."""
        if len(body) > 2**20:
            return failure(413, "ContentLengthLimitExceeded", "at most 1 MB")
        table = path.split("/streams/Custom-")[1].split("?")[0]
        for row in json.loads(body):
            at = datetime.fromisoformat(row["TimeGenerated"])
            self.samples.write(table, row["Name"], row["Properties"], at, *[row["Sum"]] * row["ItemCount"])
        return Answer(204)

    def batch(self, url: Any, body: dict[str, Any]) -> Answer:
        """Answer one call for the metrics of several resources, in an order of its own."""
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        start, end = (datetime.fromisoformat(asked[name]) for name in ("starttime", "endtime"))
        labels = re.findall(r"(\S+) eq '\*'", asked.get("filter", ""))
        most = int(asked.get("top", 10)) if labels else 10**9
        period = timedelta(minutes={"PT1M": 1, "PT5M": 5, "PT1H": 60, "P1D": 1440}[asked["interval"]])
        values = [
            {
                "starttime": asked["starttime"],
                "endtime": asked["endtime"],
                "interval": asked["interval"],
                "namespace": asked["metricnamespace"],
                "resourceregion": "westeurope",
                "resourceid": resource,
                "value": [
                    self._metric(asked["metricnamespace"], name, resource, labels, (start, end, period), most)
                    for name in asked["metricnames"].split(",")
                ],
            }
            for resource in reversed(body["resourceids"])
        ]
        return Answer(200, JSON, json.dumps({"values": values}).encode())

    def _metric(
        self, namespace: str, name: str, resource: str, labels: list[str], when: Any, most: int
    ) -> dict[str, Any]:
        start, end, period = when
        series = [
            {
                "metadatavalues": [{"name": {"value": label.lower()}, "value": told[label]} for label in labels],
                "data": [
                    {
                        "timeStamp": at.isoformat(),
                        "average": sum(values) / len(values),
                        "total": sum(values),
                        "minimum": min(values),
                        "maximum": max(values),
                    }
                    for at, values in periods([s for s in kept if start <= s[0] < end], start, period).items()
                ],
            }
            for told, kept in self.samples.named(namespace, name)
            if told.get("resource") == resource
        ]
        return {
            "id": f"{resource.upper()}/providers/Microsoft.Insights/metrics/{name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": name, "localizedValue": name},
            "unit": "Count",
            "timeseries": series[:most],
        }

    def _series(self, kql: str, tables: list[str], labels: list[str]) -> list[list[Any]]:
        assert "Name in~ (names)" in kql
        assert "by Name = tolower(Name)" in kql
        bound = {
            name: json.loads(value) for name, value in re.findall(r"^let (\w+) = dynamic\((.*)\);$", kql, re.MULTILINE)
        }
        start, end = (datetime.fromisoformat(text) for text in re.findall(r"[>=<] datetime\(([^)]+)\)", kql)[:2])
        step = re.search(r"bin_at\(TimeGenerated, (\d+)s, datetime\(([^)]+)\)\)", kql)
        assert step, kql
        period, origin = timedelta(seconds=int(step[1])), datetime.fromisoformat(step[2])
        groups: dict[tuple[str, ...], list[tuple[datetime, float]]] = {}
        for table in tables:
            for (kept_in, name, kept_labels), samples in self.samples.of.items():
                told = dict(kept_labels)
                key = (name.lower(), *(told.get(label, "") for label in labels))
                wanted = all(value in bound[f"values{n}"] for n, value in enumerate(key[1:]))
                if kept_in == table and name.lower() in map(str.lower, bound["names"]) and wanted:
                    groups.setdefault(key, []).extend(s for s in samples if start <= s[0] < end)
        return [
            [*key, at.isoformat().replace("+00:00", "Z"), *map(self._number, summary(values))]
            for key, samples in groups.items()
            for at, values in periods(samples, origin, period).items()
        ]

    def _names(self, tables: list[str], labels: list[str]) -> list[list[Any]]:
        found = {
            (name, *(dict(kept).get(label, "") for label in labels))
            for table, name, kept in self.samples.of
            if table in tables
        }
        return [list(key) for key in sorted(found)]

    def _told(self, rows: list[list[Any]]) -> dict[str, Any]:
        wide = len(rows[0]) if rows else 0
        keys = max(wide - 5, 1) if wide > 5 else wide
        series = wide > 5 or not rows
        labels = [{"name": f"label{n}", "type": "string"} for n in range((keys if series else wide) - 1)]
        numbers = [
            {"name": "Start", "type": "datetime"},
            *({"name": name, "type": "real"} for name in ("Sum", "Count", "Min", "Max")),
        ]
        columns = [{"name": "Name", "type": "string"}, *labels, *(numbers if series else [])]
        told: dict[str, Any] = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}
        if self.partial:
            told["error"] = {"code": "PartialError", "message": self.partial, "details": []}
        return told

    def _number(self, value: float) -> Any:
        return str(value) if self.numbers_as_text else value


def summary(values: list[float]) -> tuple[float, int, float, float]:
    """Sum, ItemCount, Min and Max of one row."""
    return sum(values), len(values), min(values), max(values)


def failure(status: int, code: str, message: str, inner: str = "", **headers: str) -> Answer:
    """An error as the service tells it."""
    said: dict[str, Any] = {"code": code, "message": message}
    if inner:
        said["innererror"] = {"code": inner, "message": message}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, JSON | told, json.dumps({"error": said}).encode())


@contextmanager
def azure_monitor() -> Iterator[AzureMonitor]:
    """Serve until the block ends."""
    fake = AzureMonitor()
    with serving(fake.answer) as fake.http:
        yield fake
