"""What is particular to CloudWatch, each trap of its API a promise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fakes import cloudwatch
from fakes.cloudwatch import CloudWatch, error
from nephoscope.adapters.aws.metrics import CloudWatchMetrics
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.monitoring.answer import Answer, Fault, Series, Unknown
from nephoscope.monitoring.query import Query, Window, query

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = Window(NOW - 60 * MINUTE, NOW, MINUTE)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatch]:
    """The service on the loopback."""
    with cloudwatch.cloudwatch() as served:
        assert served.http
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.http.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield served


def accuracy(model: str = "fraud_detection_v2") -> Query:
    """The example's metric."""
    return query("MLOps/Models", "Accuracy", {"ModelName": model})


def ask(*queries: Query, window: Window = WINDOW) -> list[Answer]:
    """The answers, in the order of the questions."""
    told = CloudWatchMetrics(FixedClock(NOW), "eu-central-1").points(queries, window)
    return [told[each] for each in queries]


def publish(fake: CloudWatch, minutes: int = 60, model: str = "fraud_detection_v2") -> None:
    """One sample a minute, whose value is the minute's number."""
    for minute in range(minutes):
        fake.samples.write(
            "MLOps/Models", "Accuracy", {"ModelName": model}, NOW - (60 - minute) * MINUTE, float(minute)
        )


def requests(fake: CloudWatch, operation: str = "GetMetricData") -> list[dict[str, object]]:
    """The bodies of the calls of one operation."""
    assert fake.http
    return [json.loads(body) for path, body in fake.http.requests if path.endswith(operation)]


def test_the_window_has_its_start_and_not_its_end(fake: CloudWatch) -> None:
    """A sample at the window's first instant counts, one at its last belongs to the next period."""
    fake.samples.write("MLOps/Models", "Accuracy", {"ModelName": "fraud_detection_v2"}, WINDOW.start, 0.5)
    fake.samples.write("MLOps/Models", "Accuracy", {"ModelName": "fraud_detection_v2"}, WINDOW.end, 0.1)

    (told,) = ask(accuracy())

    assert isinstance(told, Series)
    assert [(point.at, point.value) for point in told.points] == [(WINDOW.start, 0.5)]


def test_an_id_that_comes_again_on_later_pages_is_one_series(fake: CloudWatch) -> None:
    """Seven points a page: every point of both series is there, once and in order."""
    fake.page_points = 7
    publish(fake)
    publish(fake, model="churn")

    told = ask(accuracy(), accuracy("churn"))

    for each in told:
        assert isinstance(each, Series)
        assert [point.value for point in each.points] == [float(minute) for minute in range(60)]
    assert len(requests(fake)) == 18


def test_a_page_that_fails_makes_the_whole_answer_unknown(fake: CloudWatch) -> None:
    """Page 3 of 18 is refused: no shorter series is passed off as the whole."""
    assert fake.http
    fake.page_points = 7
    publish(fake)
    good = [fake.answer] * 2
    service = fake.http.service

    def third_fails(path: str, body: bytes) -> object:
        return good.pop()(path, body) if good else error(403, "AccessDenied")

    fake.http.service = third_fails  # type: ignore[assignment]
    (told,) = ask(accuracy())
    fake.http.service = service

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PERMISSION


def test_an_empty_page_with_a_next_one_is_not_the_end(fake: CloudWatch) -> None:
    """A page without points that names a next one is followed by it."""
    assert fake.http
    publish(fake)
    empty = cloudwatch.written({"MetricDataResults": [], "Messages": [], "NextToken": "t0"})
    fake.http.script.append(empty)

    (told,) = ask(accuracy())

    assert isinstance(told, Series)
    assert len(told.points) == 60


def test_an_id_that_no_page_tells_is_unknown(fake: CloudWatch) -> None:
    """An answer that says nothing of one of the questions is not "no data" for it."""
    assert fake.http
    fake.http.script.append(cloudwatch.written({"MetricDataResults": [], "Messages": []}))

    (told,) = ask(accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL


def test_pages_that_do_not_end_are_unknown_at_the_first_repetition(fake: CloudWatch) -> None:
    """A service that names the same next page again is asked no third time."""
    fake.same_token = True
    publish(fake)

    (told,) = ask(accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL
    assert len(requests(fake)) == 2


@pytest.mark.parametrize(("status", "fault"), [("PartialData", Fault.PARTIAL), ("InternalError", Fault.SERVICE)])
def test_a_result_that_is_not_complete_is_unknown_alone(fake: CloudWatch, status: str, fault: Fault) -> None:
    """A status other than Complete, with HTTP 200, makes its own metric unknown and no other."""
    fake.samples.write("MLOps/Models", "Latency", {"ModelName": "fraud_detection_v2"}, NOW - MINUTE, 20.0)
    fake.statuses["Accuracy"] = status
    publish(fake)

    told, other = ask(accuracy(), query("MLOps/Models", "Latency", {"ModelName": "fraud_detection_v2"}))

    assert isinstance(told, Unknown)
    assert told.fault is fault
    assert isinstance(other, Series)


def test_a_message_with_http_200_makes_the_answer_unknown(fake: CloudWatch) -> None:
    """A message such as "Maximum number of allowed metrics exceeded" with status 200 makes it no answer."""
    fake.messages = [{"Code": "MaxMetricsExceeded", "Value": "Maximum number of allowed metrics exceeded"}]
    publish(fake)

    (told,) = ask(accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL
    assert "Maximum number" in told.reason


@pytest.mark.parametrize(("days", "period"), [(20, 5 * MINUTE), (70, 60 * MINUTE)])
def test_an_old_window_is_asked_in_periods_that_are_still_kept(fake: CloudWatch, days: int, period: timedelta) -> None:
    """Minutes are kept for 15 days: an older window comes in longer periods, and says so, instead of empty."""
    then = datetime(2026, 11, 24, tzinfo=UTC) - timedelta(days=days)
    fake.samples.write("MLOps/Models", "Accuracy", {"ModelName": "fraud_detection_v2"}, then + 3 * MINUTE, 0.9)

    (told,) = ask(accuracy(), window=Window(then, then + 60 * MINUTE, MINUTE))

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [0.9]
    assert told.period == period


def test_a_question_carries_no_unit_a_plain_id_and_its_order(fake: CloudWatch) -> None:
    """A Unit that does not match returns nothing, an Id holds no model's name, and newest first is the default."""
    publish(fake, model="Fraud-Detection 2")

    ask(accuracy("Fraud-Detection 2"))

    (asked,) = requests(fake)
    (one,) = asked["MetricDataQueries"]  # type: ignore[misc]
    assert re.fullmatch(r"[a-z][A-Za-z0-9_]*", one["Id"])
    assert "Unit" not in one["MetricStat"]
    assert asked["ScanBy"] == "TimestampAscending"


def test_a_metric_that_was_published_with_one_more_dimension_is_pointed_to(fake: CloudWatch) -> None:
    """{ModelName, service} is another metric than {ModelName}: whoever asks for the second is shown the first."""
    labels = {"ModelName": "fraud_detection_v2", "service": "scoring"}
    fake.samples.write("MLOps/Models", "Accuracy", labels, NOW - MINUTE, 0.9)

    (told,) = ask(accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.WRONG_NAME
    assert told.nearest == ("MLOps/Models/Accuracy{ModelName=fraud_detection_v2, service=scoring}",)


def test_twelve_hundred_metrics_take_three_calls(fake: CloudWatch) -> None:
    """Five hundred queries a call is the service's limit, and is used up."""
    names = [f"model-{number}" for number in range(1200)]
    for name in names:
        fake.samples.write("MLOps/Models", "Accuracy", {"ModelName": name}, NOW - MINUTE, 0.9)

    told = ask(*map(accuracy, names))

    assert all(isinstance(each, Series) and each.points for each in told)
    assert [len(asked["MetricDataQueries"]) for asked in requests(fake)] == [500, 500, 200]  # type: ignore[arg-type]


def test_whoever_may_not_list_metrics_is_told_no_data(fake: CloudWatch) -> None:
    """Without the right to list, nothing is said of names: the metric simply has no data."""
    assert fake.http
    service = fake.http.service
    fake.http.service = lambda path, body: (
        error(403, "AccessDenied") if path.endswith("ListMetrics") else service(path, body)
    )

    assert ask(accuracy()) == [Series()]


def test_a_closed_port_is_unreachable(monkeypatch: pytest.MonkeyPatch, fake: CloudWatch) -> None:
    """Nobody listens: the reason says so, and the fault is nobody's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    (told,) = ask(accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.UNREACHABLE


def test_missing_credentials_are_our_own_fault(monkeypatch: pytest.MonkeyPatch, fake: CloudWatch) -> None:
    """Without any credentials the answer is unknown for want of permission, not a crash."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    (told,) = ask(accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PERMISSION
