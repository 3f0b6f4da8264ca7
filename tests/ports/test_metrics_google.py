"""What is particular to Cloud Monitoring, each trap of its API a promise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from fakes import cloud_monitoring
from fakes.cloud_monitoring import CloudMonitoring
from google.cloud import monitoring_v3
from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics
from nephoscope.monitoring.answer import Answer, Fault, Series, Unknown
from nephoscope.monitoring.query import Query, Statistic, Window, query

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(NOW - 4 * HOUR, NOW, HOUR)
PREFIX = "custom.googleapis.com/mlops/models"


@pytest.fixture
def fake() -> Iterator[CloudMonitoring]:
    """The service on the loopback."""
    with cloud_monitoring.cloud_monitoring() as served:
        yield served


def ask(fake: CloudMonitoring, *queries: Query) -> list[Answer]:
    """The answers, in the order of the questions."""
    with cloud_monitoring.client(fake.address) as client:
        told = CloudMonitoringMetrics("acme-ml", client, read_seconds=2).points(queries, WINDOW)
    return [told[each] for each in queries]


def accuracy(model: str = "fraud_detection_v2", metric: str = "accuracy", **more: object) -> Query:
    """The example's metric."""
    return query(PREFIX, metric, {"model_name": model}, **more)  # type: ignore[arg-type]


def publish(fake: CloudMonitoring, at: datetime, *values: float, metric: str = "accuracy", **labels: str) -> None:
    """Samples of one time."""
    fake.samples.write("", f"{PREFIX}/{metric}", {"model_name": "fraud_detection_v2", **labels}, at, *values)


def test_the_window_has_its_end_and_not_its_start(fake: CloudMonitoring) -> None:
    """The interval is (start, end]: a sample on a boundary belongs to the period that it ends."""
    publish(fake, WINDOW.start, 0.1)
    publish(fake, WINDOW.end, 0.9)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Series)
    assert [(point.at, point.value) for point in told.points] == [(WINDOW.end - HOUR, 0.9)]


def test_points_come_newest_first_and_are_told_oldest_first(fake: CloudMonitoring) -> None:
    """The service stamps a period with its end and begins with the newest: here it is as everywhere."""
    for hour in (1, 2, 3):
        publish(fake, WINDOW.start + hour * HOUR - HOUR / 2, float(hour))

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Series)
    assert [(point.at, point.value) for point in told.points] == [
        (WINDOW.start + (hour - 1) * HOUR, float(hour)) for hour in (1, 2, 3)
    ]


@pytest.mark.parametrize("kind", ["double_value", "int64_value", "distribution_value"])
def test_a_value_is_read_whatever_its_kind(fake: CloudMonitoring, kind: str) -> None:
    """A value is a double, an integer or a distribution with a mean: the one that is set is read."""
    fake.value_kind = kind
    publish(fake, NOW - HOUR / 2, 7.0)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [7.0]


def test_the_least_value_of_a_distribution_is_not_known(fake: CloudMonitoring) -> None:
    """A distribution tells no minimum: a NaN, which no check takes for a value, never the mean in its place."""
    fake.value_kind = "distribution_value"
    publish(fake, NOW - HOUR / 2, 7.0)

    (told,) = ask(fake, accuracy(statistic=Statistic.MIN))

    assert isinstance(told, Series)
    assert all(point.value != point.value for point in told.points)


def test_each_filter_names_one_metric_type(fake: CloudMonitoring) -> None:
    """Three metrics of two models are three requests, aligned and reduced to one series a model."""
    for metric in ("accuracy", "latency_ms", "predictions"):
        publish(fake, NOW - HOUR / 2, 1.0, metric=metric)
        fake.samples.write("", f"{PREFIX}/{metric}", {"model_name": "churn"}, NOW - HOUR / 2, 2.0)
    metrics = ("accuracy", "latency_ms", "predictions")

    told = ask(fake, *(accuracy(model, metric) for model in ("fraud_detection_v2", "churn") for metric in metrics))

    assert all(isinstance(each, Series) and len(each.points) == 1 for each in told)
    assert [asked.filter.count("metric.type") for asked in fake.requests] == [1, 1, 1]
    for asked in fake.requests:
        assert asked.aggregation.alignment_period == HOUR
        assert asked.aggregation.per_series_aligner == monitoring_v3.Aggregation.Aligner.ALIGN_MEAN
        assert asked.aggregation.cross_series_reducer == monitoring_v3.Aggregation.Reducer.REDUCE_MEAN


def test_instances_of_a_model_are_one_series(fake: CloudMonitoring) -> None:
    """Two writers, told apart by a label of their own, are summed for one model."""
    publish(fake, NOW - HOUR / 2, 10.0, metric="predictions", instance="a")
    publish(fake, NOW - HOUR / 2, 30.0, metric="predictions", instance="b")

    (told,) = ask(fake, accuracy(metric="predictions", statistic=Statistic.SUM))

    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [40.0]


def test_errors_beside_the_series_make_it_unknown(fake: CloudMonitoring) -> None:
    """A page with execution errors holds no whole series."""
    fake.execution_error = "a shard did not answer"
    publish(fake, NOW - HOUR / 2, 0.9)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL
    assert "a shard did not answer" in told.reason


def test_every_page_is_read(fake: CloudMonitoring) -> None:
    """One series a page: all five models are answered."""
    fake.page_series = 1
    for number in range(5):
        fake.samples.write("", f"{PREFIX}/accuracy", {"model_name": f"m{number}"}, NOW - HOUR / 2, float(number))

    told = ask(fake, *(accuracy(f"m{number}") for number in range(5)))

    assert [each.points[0].value for each in told if isinstance(each, Series)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(fake.requests) == 5


def test_a_page_that_fails_makes_the_whole_answer_unknown(fake: CloudMonitoring) -> None:
    """Page 3 of 5 is refused: the models of the first pages are unknown too, not reported on alone."""
    fake.page_series = 1
    for number in range(5):
        fake.samples.write("", f"{PREFIX}/accuracy", {"model_name": f"m{number}"}, NOW - HOUR / 2, float(number))
    fake.script.extend([None, None, grpc.StatusCode.PERMISSION_DENIED])

    told = ask(fake, *(accuracy(f"m{number}") for number in range(5)))

    assert {each.fault for each in told if isinstance(each, Unknown)} == {Fault.PERMISSION}
    assert not any(isinstance(each, Series) for each in told)


def test_pages_that_do_not_end_are_unknown(fake: CloudMonitoring) -> None:
    """A service that names the same next page again is asked no third time."""
    fake.same_token = True
    publish(fake, NOW - HOUR / 2, 0.9)

    (told,) = ask(fake, accuracy())

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PARTIAL
    assert len(fake.requests) == 2


def test_few_models_are_named_and_many_are_not(fake: CloudMonitoring) -> None:
    """A filter has a limited length: beyond it the whole metric type is read, and the models are picked out."""
    for number in range(300):
        fake.samples.write("", f"{PREFIX}/accuracy", {"model_name": f"m{number}"}, NOW - HOUR / 2, float(number))

    few = ask(fake, accuracy("m7"))
    many = ask(fake, *(accuracy(f"m{number}") for number in range(300)))

    assert isinstance(few[0], Series)
    assert [each.points[0].value for each in many if isinstance(each, Series)] == [float(n) for n in range(300)]
    assert "one_of" in fake.requests[0].filter
    assert all(len(asked.filter) <= 2_000 for asked in fake.requests)


def test_a_closed_port_is_unreachable() -> None:
    """Nobody listens: the fault is nobody's, and the tries end."""
    with ExitStack() as stack:
        client = stack.enter_context(cloud_monitoring.client("127.0.0.1:9"))
        told = CloudMonitoringMetrics("acme-ml", client, read_seconds=0.3).points([accuracy()], WINDOW)[accuracy()]

    assert isinstance(told, Unknown)
    assert told.fault is Fault.UNREACHABLE


def test_missing_credentials_are_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any credentials the answer is unknown for want of permission, not a crash."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")

    told = CloudMonitoringMetrics("acme-ml").points([accuracy()], WINDOW)[accuracy()]

    assert isinstance(told, Unknown)
    assert told.fault is Fault.PERMISSION
