"""
Amazon CloudWatch, by GetMetricData.

A dimension set identifies a metric: a query finds only what was published with exactly its labels. StartTime is
inclusive, EndTime exclusive; the order is asked for; an Id may come again on later pages; a page may be partial with
HTTP 200; and where the period is too short for the age of the window, nothing comes back at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nephoscope.adapters.aws.faults import MALFORMED, malformed, unanswered
from nephoscope.monitoring.answer import (
    Answer,
    Fault,
    Point,
    Series,
    Unknown,
    Variants,
    failed,
    in_order,
    variants_of,
    wrong_name,
)
from nephoscope.monitoring.query import Query, Statistic, Window, query
from nephoscope.ports import Clock

QUERIES_A_CALL = 500
PAGES_MOST = 200  # 100,800 points each
LISTED_PAGES_MOST = 20  # 500 metrics each
EXPLAINED_MOST = 5  # names: hints must not cost the answers their deadline
STATISTICS = {Statistic.MEAN: "Average", Statistic.SUM: "Sum", Statistic.MIN: "Minimum", Statistic.MAX: "Maximum"}

# "You must specify the period as follows or no data points in that time range is returned: […] Start time between 15
# and 63 days ago - Use a multiple of 300 seconds […]. Start time greater than 63 days ago - Use a multiple of 3600".
GRAINS = (
    (timedelta(days=63), timedelta(hours=1)),
    (timedelta(days=15), timedelta(minutes=5)),
    (timedelta(0), timedelta(minutes=1)),
)
RETRIES = {"mode": "standard", "total_max_attempts": 4}


@dataclass(slots=True)
class _Found:
    """What the pages of one call said of one Id."""

    points: list[Point] = field(default_factory=list)
    status: str = ""
    messages: list[str] = field(default_factory=list)


class CloudWatchMetrics:
    """The metrics of one account and region."""

    def __init__(self, clock: Clock, region: str | None = None, *, read_seconds: float = 10.0) -> None:
        self._clock = clock
        self._region = region
        self._read_seconds = read_seconds

    @cached_property
    def _client(self) -> Any:
        # Made with the first question, because a missing region is an answer to it.
        config = Config(connect_timeout=3, read_timeout=self._read_seconds, retries=RETRIES)
        # A session of its own: boto3's shared one may not be used from several threads.
        return boto3.Session().client("cloudwatch", region_name=self._region, config=config)

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        """Answer every query, five hundred a call."""
        period = readable_period(window, self._clock.now())
        # One name that CloudWatch does not take would make it refuse the whole call.
        odd = failed(Fault.REFUSED, "CloudWatch takes only printable ASCII in a dimension's value, not first a colon.")
        answers: dict[Query, Answer] = {asked: odd for asked in queries if not _takes(asked)}
        good = [asked for asked in queries if asked not in answers]
        for start in range(0, len(good), QUERIES_A_CALL):
            answers |= self._asked(good[start : start + QUERIES_A_CALL], window, period)
        return answers | self._explained(silent(answers))

    def variants(
        self,
        queries: Sequence[Query],
        label: str,
        window: Window,  # noqa: ARG002  CloudWatch does not list by time
    ) -> Mapping[Query, Variants]:
        """The dimension sets that have one more dimension; CloudWatch lists those of the last two weeks."""
        listed = {
            (namespace, name): self._metrics(Namespace=namespace, MetricName=name, Dimensions=[{"Name": label}])
            for namespace, name in sorted({(each.namespace, each.name) for each in queries})
        }
        return {asked: variants_of(asked, label, listed[asked.namespace, asked.name]) for asked in queries}

    def _asked(self, queries: Sequence[Query], window: Window, period: timedelta) -> dict[Query, Answer]:
        ids = {f"q{number}": each for number, each in enumerate(queries)}
        try:
            found, messages = self._read(ids, window, period)
        except (ClientError, BotoCoreError) as error:
            return dict.fromkeys(queries, unanswered(error))
        except _NotWhole as why:
            return dict.fromkeys(queries, failed(Fault.PARTIAL, f"CloudWatch's answer is not whole: {why}."))
        except MALFORMED as error:
            return dict.fromkeys(queries, malformed(error))
        if messages:
            return dict.fromkeys(queries, failed(Fault.PARTIAL, f"CloudWatch said: {'; '.join(messages)}."))
        told = period if period != window.period else None
        return {each: _answer(found[name], told) for name, each in ids.items()}

    def _read(self, ids: Mapping[str, Query], window: Window, period: timedelta) -> tuple[dict[str, _Found], list[str]]:
        found = {name: _Found() for name in ids}
        messages: list[str] = []
        for page in self._pages(ids, window, period):
            messages += [_text(message) for message in page.get("Messages", ())]
            for result in _results(page):
                mine = found[result["Id"]]
                mine.points += map(_point, result["Timestamps"], result["Values"])
                mine.status = result.get("StatusCode", "")
                mine.messages += [_text(message) for message in result.get("Messages", ())]
        return found, messages

    def _pages(self, ids: Mapping[str, Query], window: Window, period: timedelta) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {
            "MetricDataQueries": [_query(name, each, period) for name, each in ids.items()],
            "StartTime": window.start,
            "EndTime": window.end,
            "ScanBy": "TimestampAscending",
        }
        tokens: set[str] = set()
        for _ in range(PAGES_MOST):
            page = self._client.get_metric_data(**asked)
            yield page
            token = page.get("NextToken")
            if not token:
                return
            if token in tokens:
                raise _NotWhole("its pages do not end")
            tokens.add(token)
            asked["NextToken"] = token
        raise _NotWhole(f"it has more than {PAGES_MOST} pages")

    def _explained(self, queries: Sequence[Query]) -> dict[Query, Answer]:
        """Tell a metric without data from one that was never there; where that cannot be told, it has no data."""
        answers: dict[Query, Answer] = {}
        for namespace, name in sorted({(each.namespace, each.name) for each in queries})[:EXPLAINED_MOST]:
            listed = self._listed(Namespace=namespace, MetricName=name)
            if listed == []:
                listed = self._listed(Namespace=namespace)
            if listed is None:
                continue
            asked = [each for each in queries if (each.namespace, each.name) == (namespace, name)]
            answers |= {each: wrong_name(str(each), listed) for each in asked if str(each) not in listed}
        return answers

    def _listed(self, **of: str) -> list[str] | None:
        """The metrics there are; None where they cannot be listed or are too many."""
        found = self._metrics(**of)
        return None if isinstance(found, Unknown) else [str(each) for each in found]

    def _metrics(self, **of: Any) -> list[Query] | Unknown:
        found: list[Query] = []
        asked = dict(of)
        try:
            for _ in range(LISTED_PAGES_MOST):
                page = self._client.list_metrics(**asked)
                found += [_spelled(metric) for metric in page["Metrics"]]
                if not page.get("NextToken"):
                    return found
                asked["NextToken"] = page["NextToken"]
        except (ClientError, BotoCoreError) as error:
            return unanswered(error)
        except MALFORMED as error:
            return malformed(error)
        return failed(Fault.PARTIAL, f"CloudWatch lists more than {LISTED_PAGES_MOST} pages of metrics.")


class _NotWhole(Exception):
    """An answer of which a part is missing."""


def readable_period(window: Window, now: datetime) -> timedelta:
    """
    The shortest period that CloudWatch still has for a window of this age, not below the one asked for.

    >>> day = timedelta(days=1)
    >>> now = datetime(2026, 11, 24, tzinfo=UTC)
    >>> [str(readable_period(Window(now - n * day, now, timedelta(minutes=1)), now)) for n in (1, 20, 70)]
    ['0:01:00', '0:05:00', '1:00:00']
    """
    grain = next(grain for age, grain in GRAINS if now - window.start >= age or grain is GRAINS[-1][1])
    return -(-window.period // grain) * grain


def _takes(asked: Query) -> bool:
    values = [value for _, value in asked.labels]
    return all(value.isascii() and value.isprintable() and value.strip() and value[0] != ":" for value in values)


def silent(answers: Mapping[Query, Answer]) -> list[Query]:
    """The queries that were answered with nothing."""
    return [each for each, answer in answers.items() if isinstance(answer, Series) and not answer.points]


def _results(page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if "MetricDataResults" not in page:
        raise _NotWhole("a page has no results")
    results: Sequence[Mapping[str, Any]] = page["MetricDataResults"]
    return results


def _answer(found: _Found, period: timedelta | None) -> Answer:
    if found.messages or found.status != "Complete":
        said = "; ".join(found.messages) or f"its status is '{found.status or 'missing'}'"
        fault = Fault.SERVICE if found.status == "InternalError" else Fault.PARTIAL
        return failed(fault, f"CloudWatch answered in part: {said}.")
    return Series(in_order(found.points), period)


def _query(name: str, asked: Query, period: timedelta) -> dict[str, Any]:
    # "If you specify a unit that does not match the data collected, the results of the operation are null."
    dimensions = [{"Name": label, "Value": value} for label, value in asked.labels]
    metric = {"Namespace": asked.namespace, "MetricName": asked.name, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": round(period.total_seconds()), "Stat": STATISTICS[asked.statistic]}
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def _spelled(metric: Mapping[str, Any]) -> Query:
    labels = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
    return query(metric["Namespace"], metric["MetricName"], labels)


def _point(at: datetime, value: float) -> Point:
    return Point(at.astimezone(UTC), value)


def _text(message: Mapping[str, str]) -> str:
    return f"{message.get('Code', '')} {message.get('Value', '')}".strip().rstrip(".")
