"""What is particular to Azure Monitor, each trap of its APIs a promise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes import azure_monitor
from fakes.azure_monitor import AzureMonitor, Token, client_options, failure
from fakes.scripted_http import Answer as Scripted
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.adapters.azure.kql import series_kql
from nephoscope.adapters.azure.metrics import AzureMonitorMetrics
from nephoscope.adapters.azure.resource_metrics import ResourceMetrics
from nephoscope.monitoring.answer import Answer, Fault, Series, Unknown
from nephoscope.monitoring.query import Query, Statistic, Window, query

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(NOW - 4 * HOUR, NOW, HOUR)
NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
ENDPOINT = (
    "/subscriptions/s1/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/{}"
)


@pytest.fixture
def fake() -> Iterator[AzureMonitor]:
    """The services on the loopback."""
    with azure_monitor.azure_monitor() as served:
        yield served


def ask(fake: AzureMonitor, *queries: Query) -> list[Answer]:
    """The answers, in the order of the questions."""
    assert fake.http
    options = client_options(fake.http.url)
    resources = ResourceMetrics(Token(), **options)
    told = AzureMonitorMetrics(Token(), "workspace", resources, **options).points(queries, WINDOW)
    return [told[each] for each in queries]


def accuracy(model: str = "fraud_detection_v2", table: str = "AppMetrics") -> Query:
    """The example's metric."""
    return query(table, "Accuracy", {"ModelName": model})


def publish(fake: AzureMonitor, table: str = "AppMetrics", value: float = 0.9) -> None:
    """One sample in the window's last hour."""
    fake.samples.write(table, "Accuracy", {"ModelName": "fraud_detection_v2"}, NOW - HOUR / 2, value)


def kql(fake: AzureMonitor) -> list[str]:
    """The queries that were asked."""
    assert fake.http
    return [json.loads(body)["query"] for path, body in fake.http.requests if path.startswith("/v1/")]


def test_the_mean_is_of_the_items_not_of_the_rows(fake: AzureMonitor) -> None:
    """AppMetrics holds sums and counts of items: nine items of 1.0 and one of 0.0 have the mean 0.9."""
    fake.samples.write("AppMetrics", "Accuracy", {"ModelName": "fraud_detection_v2"}, NOW - HOUR / 2, *[1.0] * 9)
    fake.samples.write("AppMetrics", "Accuracy", {"ModelName": "fraud_detection_v2"}, NOW - HOUR / 3, 0.0)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [0.9]
    (asked,) = kql(fake)
    assert "sum(Sum)" in asked
    assert "sum(ItemCount)" in asked
    assert "avg(" not in asked


def test_a_partial_result_is_unknown(fake: AzureMonitor) -> None:
    """A partial result is returned and not raised: it is no series, and its reason is told."""
    fake.partial = "Query result set has exceeded the internal record count limit"
    publish(fake)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL
    assert "record count limit" in told.reason


JSON = {"Content-Type": "application/json"}
NO_ANSWERS = [
    Scripted(204),
    Scripted(200, JSON, b"{}"),
    Scripted(200, JSON, b'{"error": {"code": "x", "message": "y"}}'),
    Scripted(200, JSON, b'{"tables": [{"rows": [[1, 2]]}]}'),
    Scripted(200, JSON, b"[]"),
    Scripted(200, {"Content-Type": "text/html"}, b"<html>gateway</html>"),
]


@pytest.mark.parametrize("none", NO_ANSWERS)
def test_an_answer_that_is_none_is_not_no_data(fake: AzureMonitor, none: Scripted) -> None:
    """204 of an empty workspace, 200 without a table, an error or HTML with status 200 say nothing of the metric."""
    assert fake.http
    publish(fake)
    for asked in (accuracy(), latency("a")):
        fake.http.script.append(none)

        (told,) = ask(fake, asked)

        assert isinstance(told, Unknown)
        assert told.fault in (Fault.SERVICE, Fault.PARTIAL)


def test_numbers_may_come_as_text(fake: AzureMonitor) -> None:
    """The API's own example tells numbers in quotes."""
    fake.numbers_as_text = True
    publish(fake)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [0.9]


def test_a_table_that_is_not_there_is_a_wrong_name(fake: AzureMonitor) -> None:
    """A 400 that cannot resolve a table is told as such, not as a bad request."""
    (told,) = ask(fake, accuracy(table="AppMetric"))

    assert isinstance(told, Unknown)
    assert told.fault is Fault.WRONG_NAME
    assert "'AppMetric'" in told.reason


def test_several_tables_are_read_as_one(fake: AzureMonitor) -> None:
    """What OpenTelemetry wrote into AppMetrics and what `metrics put` wrote into its own table are one series."""
    publish(fake, value=0.8)
    publish(fake, "NephoscopeMetrics_CL", value=1.0)

    (told,) = ask(fake, accuracy(table="AppMetrics,NephoscopeMetrics_CL"))

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [0.9]


def test_opentelemetrys_lower_case_is_the_same_metric(fake: AzureMonitor) -> None:
    """OpenTelemetry writes "accuracy" for whoever says "Accuracy": both are one series, and one model's versions."""
    for name, version, value in (("accuracy", "3", 0.8), ("Accuracy", "4", 1.0)):
        labels = {"ModelName": "fraud_detection_v2", "ModelVersion": version}
        fake.samples.write("AppMetrics", name, labels, NOW - HOUR / 2, value)
    assert fake.http
    metrics = AzureMonitorMetrics(Token(), "workspace", **client_options(fake.http.url))

    (told,) = ask(fake, accuracy())
    variants = metrics.variants([accuracy()], "ModelVersion", WINDOW)[accuracy()]

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [0.9]
    assert not isinstance(variants, Unknown)
    assert [dict(each.labels)["ModelVersion"] for each in variants] == ["3", "4"]


def test_a_period_without_items_has_no_value(fake: AzureMonitor) -> None:
    """A row that counts no items is left out, not divided by."""
    assert fake.http
    columns = ["Name", "label0", "Start", "Sum", "Count", "Min", "Max"]
    rows = [["Accuracy", "fraud_detection_v2", "2026-11-24T05:00:00Z", 0.0, 0, None, None]]
    table = {"name": "PrimaryResult", "columns": [{"name": c, "type": "real"} for c in columns], "rows": rows}
    for column, kind in (("Name", "string"), ("label0", "string"), ("Start", "datetime")):
        next(c for c in table["columns"] if c["name"] == column)["type"] = kind  # type: ignore[index]
    body = json.dumps({"tables": [table]}).encode()
    fake.http.script.append(Scripted(200, {"Content-Type": "application/json"}, body))
    publish(fake)

    assert ask(fake, accuracy()) == [Series()]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (accuracy(table="AppMetrics | take 1"), "no table's name"),
        (query("AppMetrics", "Accuracy", {'a"]) //': "x"}), "no property's name"),
    ],
)
def test_a_name_that_cannot_be_bound_is_refused_unasked(fake: AzureMonitor, asked: Query, said: str) -> None:
    """Tables and properties stand in the query itself: only plain names are let in."""
    (told,) = ask(fake, asked)

    assert isinstance(told, Unknown)
    assert told.fault is Fault.REFUSED
    assert said in told.reason
    assert kql(fake) == []


@given(names=st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=5))
def test_no_name_changes_the_shape_of_the_query(names: list[tuple[str, str]]) -> None:
    """Whatever models and metrics are called, they stand in JSON literals, and the rest is word for word the same."""
    plain = series_kql([accuracy()], WINDOW).splitlines()
    hostile = series_kql(
        [query("AppMetrics", name, {"ModelName": model}) for name, model in names], WINDOW
    ).splitlines()

    assert hostile[2:] == plain[2:]
    for line, values in zip(hostile[:2], zip(*names, strict=True), strict=True):
        bound = re.fullmatch(r"let \w+ = dynamic\((.*)\);", line)
        assert bound
        assert json.loads(bound[1]) == sorted(set(values))
        assert line.isascii()
        assert line.isprintable()


def test_all_models_are_one_query(fake: AzureMonitor) -> None:
    """A thousand models of three metrics are one query of the workspace, not a batch."""
    publish(fake)
    asked = [query("AppMetrics", name, {"ModelName": f"m{n}"}) for name in ("A", "B", "C") for n in range(1000)]

    ask(fake, *asked[:1], *asked[1:], accuracy())

    assert fake.http
    assert len([one for one in kql(fake) if "summarize" in one]) == 1
    assert not [path for path, _ in fake.http.requests if "batch" in path]


def test_what_the_configuration_lacks_is_told(fake: AzureMonitor) -> None:
    """Without a workspace or a region nobody is asked: the answer says what to configure."""
    metrics = AzureMonitorMetrics(Token(), "", None)

    told = metrics.points([accuracy(), latency("a")], WINDOW)

    reasons = [each.reason for each in told.values() if isinstance(each, Unknown)]
    assert ["its id in the configuration" in reasons[0], "a region in the configuration" in reasons[1]] == [True, True]


def test_more_rows_than_an_answer_holds_are_asked_for_in_turn(fake: AzureMonitor) -> None:
    """Beyond 500,000 rows an answer is partial: sixty models over a week of minutes are two queries, both whole."""
    for number in range(60):
        fake.samples.write("AppMetrics", "Accuracy", {"ModelName": f"m{number}"}, NOW - HOUR / 2, float(number))
    week = Window(NOW - 7 * 24 * HOUR, NOW, timedelta(minutes=1))
    assert fake.http
    metrics = AzureMonitorMetrics(Token(), "workspace", **client_options(fake.http.url))

    told = metrics.points([accuracy(f"m{number}") for number in range(60)], week)

    assert [each.points[0].value for each in told.values() if isinstance(each, Series)] == [float(n) for n in range(60)]
    assert len(kql(fake)) == 2


@pytest.mark.parametrize("asked", [accuracy(), query("N", "A", {}, resource=ENDPOINT.format("a"))], ids=str)
def test_a_long_wait_is_not_waited_out(fake: AzureMonitor, asked: Query) -> None:
    """Throttled with a wait of ten minutes, the quota is told at once, instead of a timeout at the deadline."""
    assert fake.http
    fake.http.script.append(failure(429, "Throttled", "scripted", Retry_After="600"))

    (told,) = ask(fake, asked)

    assert isinstance(told, Unknown)
    assert told.fault is Fault.QUOTA
    assert "600 s" in told.reason


@pytest.mark.parametrize(("status", "fault"), [(401, Fault.PERMISSION), (404, Fault.WRONG_NAME), (504, Fault.TIMEOUT)])
def test_a_status_is_told_by_its_fault(fake: AzureMonitor, status: int, fault: Fault) -> None:
    """A token, a workspace's id, a query that took too long: each is told apart."""
    assert fake.http
    fake.http.script.extend([failure(status, "Error", "scripted", Retry_After="0")] * 5)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is fault


def latency(endpoint: str, statistic: Statistic = Statistic.MEAN, **labels: str) -> Query:
    """The latency that an online endpoint tells by itself."""
    return query(NAMESPACE, "RequestLatency", labels, statistic=statistic, resource=ENDPOINT.format(endpoint))


def test_resources_are_told_apart_whatever_their_order(fake: AzureMonitor) -> None:
    """Two endpoints are one call, and each gets its own values, though the answer's order is another."""
    for name, value in (("a", 10.0), ("b", 20.0)):
        fake.samples.write(
            NAMESPACE, "RequestLatency", {"resource": ENDPOINT.format(name)}, NOW - HOUR / 2, value, value
        )

    told = ask(fake, latency("a"), latency("b"), latency("b", Statistic.SUM))

    assert [point.value for each in told if isinstance(each, Series) for point in each.points] == [10.0, 20.0, 40.0]
    assert fake.http
    assert len(fake.http.requests) == 1


def test_more_than_ten_series_come_back(fake: AzureMonitor) -> None:
    """Once a label is asked for the API gives ten series unless told otherwise: the thirtieth is there too."""
    for number in range(30):
        labels = {"resource": ENDPOINT.format("a"), "deployment": f"Blue{number}"}
        fake.samples.write(NAMESPACE, "RequestLatency", labels, NOW - HOUR / 2, float(number))

    (told,) = ask(fake, latency("a", deployment="blue29"))

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [29.0]
    assert fake.http
    (asked,) = [parse_qs(urlsplit(path).query) for path, _ in fake.http.requests]
    assert asked["filter"] == ["deployment eq '*'"]


def test_a_metric_that_the_answer_lacks_is_unknown(fake: AzureMonitor) -> None:
    """An answer that says nothing of the resource is not an empty series."""
    assert fake.http
    fake.http.script.append(Scripted(200, {"Content-Type": "application/json"}, b'{"values": []}'))

    (told,) = ask(fake, latency("a"))

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL
