"""
CloudWatch's GetMetricData and ListMetrics over its own wire protocol (awsJson 1.0), driven by boto3.

As the service documents them: StartTime inclusive, EndTime exclusive; newest first unless asked; pages of at most
`page_points` points, an Id coming again with PartialData until its last page; nothing at all where the period is too
short for the age of StartTime; a metric is its exact set of dimensions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.samples import ORIGIN, SUMMARIES, Samples, periods
from fakes.scripted_http import Answer, ScriptedHttp, serving

JSON = {"Content-Type": "application/x-amz-json-1.0"}
GRAINS = ((timedelta(days=63), 3600), (timedelta(days=15), 300), (timedelta(0), 60))


@dataclass
class CloudWatch:
    """The service's state, and what it does wrong next."""

    samples: Samples = field(default_factory=Samples)
    now: datetime = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    page_points: int = 100_800
    statuses: dict[str, str] = field(default_factory=dict)  # metric name → StatusCode at the end
    messages: list[dict[str, str]] = field(default_factory=list)
    same_token: bool = False
    http: ScriptedHttp | None = None

    def answer(self, path: str, body: bytes) -> Answer:
        """Answer one call."""
        asked = json.loads(body)
        calls = {"GetMetricData": self.data, "ListMetrics": self.listed, "PutMetricData": self.put}
        told = calls[path.rsplit(".", 1)[1]](asked)
        return told if isinstance(told, Answer) else written(told)

    def data(self, asked: dict[str, Any]) -> dict[str, Any] | Answer:
        """GetMetricData."""
        if len(asked["MetricDataQueries"]) > 500:
            return error(400, "ValidationError", "at most 500 queries")
        flat = [
            (query["Id"], query["MetricStat"]["Metric"]["MetricName"], at, value)
            for query in asked["MetricDataQueries"]
            for at, value in self._points(query, asked)
        ]
        start = int(asked.get("NextToken", "0").removeprefix("t"))
        page = flat[start : start + self.page_points]
        more = flat[start + self.page_points :]
        last = {one[0] for one in more}
        by_id: dict[str, list[Any]] = {}
        for one in page:
            by_id.setdefault(one[0], []).append(one)
        results = [
            self._result(query, by_id.get(query["Id"], []), pending=query["Id"] in last)
            for query in asked["MetricDataQueries"]
        ]
        if start:  # an Id without points on this page is not told again
            results = [result for result in results if result["Timestamps"]]
        told: dict[str, Any] = {"MetricDataResults": results, "Messages": self.messages}
        if more or self.same_token:
            told["NextToken"] = "t0" if self.same_token else f"t{start + self.page_points}"
        return told

    def put(self, asked: dict[str, Any]) -> dict[str, Any] | Answer:
        """PutMetricData."""
        if len(asked["MetricData"]) > 1000:
            return error(400, "ValidationError", "at most 1000 metrics")
        for datum in asked["MetricData"]:
            labels = {each["Name"]: each["Value"] for each in datum.get("Dimensions", ())}
            at = datetime.fromtimestamp(datum["Timestamp"], UTC)
            self.samples.write(asked["Namespace"], datum["MetricName"], labels, at, datum["Value"])
        return {}

    def listed(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ListMetrics."""
        wanted = {key: asked[key] for key in ("Namespace", "MetricName") if key in asked}
        metrics = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": label, "Value": value} for label, value in labels],
            }
            for namespace, name, labels in self.samples.of
        ]
        found = [metric for metric in metrics if wanted.items() <= metric.items()]
        start = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(start + 500)} if len(found) > start + 500 else {}
        return {"Metrics": found[start : start + 500], **more}

    def _points(self, query: dict[str, Any], asked: dict[str, Any]) -> list[tuple[datetime, float]]:
        stat = query["MetricStat"]
        start, end = (datetime.fromtimestamp(asked[name], UTC) for name in ("StartTime", "EndTime"))
        period = stat["Period"]
        grain = next(grain for age, grain in GRAINS if self.now - start >= age)
        if period % grain:
            return []
        labels = {each["Name"]: each["Value"] for each in stat["Metric"].get("Dimensions", ())}
        kept = self.samples.exactly(stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], labels)
        inside = [(at, value) for at, value in kept if start <= at < end]
        found = periods(inside, ORIGIN, timedelta(seconds=period))
        points = [(at, float(SUMMARIES[stat["Stat"]](values))) for at, values in found.items()]
        return sorted(points, reverse=asked.get("ScanBy", "TimestampDescending") == "TimestampDescending")

    def _result(self, query: dict[str, Any], mine: list[Any], *, pending: bool) -> dict[str, Any]:
        last = self.statuses.get(query["MetricStat"]["Metric"]["MetricName"], "Complete")
        status = "PartialData" if pending else last
        return {
            "Id": query["Id"],
            "Label": query["Id"],
            "Timestamps": [one[2].timestamp() for one in mine],
            "Values": [one[3] for one in mine],
            "StatusCode": status,
        }


def written(told: dict[str, Any], status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, JSON, json.dumps(told).encode())


def error(status: int, code: str, message: str = "scripted") -> Answer:
    """An error as the service tells it."""
    return written({"__type": f"com.amazonaws.cloudwatch#{code}", "message": message}, status)


@contextmanager
def cloudwatch() -> Iterator[CloudWatch]:
    """Serve until the block ends."""
    fake = CloudWatch()
    with serving(fake.answer) as fake.http:
        yield fake
