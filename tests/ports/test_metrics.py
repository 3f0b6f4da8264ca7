"""One contract for every metric store: what its answers mean is the same in all clouds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import grpc
import pytest
from fakes import azure_monitor, cloud_monitoring, cloudwatch
from fakes.scripted_http import CUT, HANG, RESET, Answer, ScriptedHttp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nephoscope.adapters.aws.metrics import CloudWatchMetrics
from nephoscope.adapters.azure.metrics import AzureMonitorMetrics
from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.database import Database
from nephoscope.adapters.local.metrics import SCHEMA, SqliteMetrics
from nephoscope.monitoring.answer import Answer as Told
from nephoscope.monitoring.answer import Fault, Lack, Point, Series, Unknown
from nephoscope.monitoring.query import Query, Statistic, Window, query
from nephoscope.ports import Metrics

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
READ_SECONDS = 1.0  # a busy machine answers for six hundred models within it
HOUR = timedelta(hours=1)
WINDOW = Window(datetime(2026, 11, 24, 2, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC), HOUR)
REMOTE = ("aws", "azure", "gcp")
MODEL = "fraud_detection_v2"


@dataclass
class Rig:
    """A metric store, how to write into it past its adapter, and how its calls go wrong."""

    metrics: Metrics
    write: Callable[..., None]  # (model, at, *values, metric="accuracy")
    namespace: str
    label: str
    names: Callable[[str], str]
    fake: Any = None

    def query(self, model: str = MODEL, metric: str = "accuracy", statistic: Statistic = Statistic.MEAN) -> Query:
        """The store's spelling of one metric."""
        return query(self.namespace, self.names(metric), {self.label: model}, statistic=statistic)

    def ask(self, *queries: Query, window: Window = WINDOW) -> list[Told]:
        """Answers in the order of their questions."""
        asked = queries or (self.query(),)
        told = self.metrics.points(asked, window)
        return [told[each] for each in asked]

    def values(self, *queries: Query) -> list[list[float]]:
        """The values of each answer, which must be series."""
        answers = self.ask(*queries)
        assert all(isinstance(each, Series) for each in answers), answers
        return [[point.value for point in each.points] for each in answers if isinstance(each, Series)]

    def unknown(self) -> Unknown:
        """The one answer, which must be none."""
        (answer,) = self.ask()
        assert isinstance(answer, Unknown), answer
        return answer

    @property
    def calls(self) -> int:
        """How often the store was called."""
        http: ScriptedHttp | None = getattr(self.fake, "http", None)
        return len(self.fake.requests if http is None else http.requests)


def pascal(metric: str) -> str:
    """CloudWatch's and Azure's usual spelling."""
    return "".join(part.capitalize() for part in metric.split("_"))


def local_rig(stack: ExitStack, folder: Path, _: pytest.MonkeyPatch) -> Rig:
    """SQLite."""
    path = folder / "metrics.db"
    database = Database(path, SCHEMA)

    def write(model: str, at: datetime, *values: float, metric: str = "accuracy", **labels: str) -> None:
        with database.transaction() as connection:
            for number, value in enumerate(values):
                moment = at.timestamp() + number / 1000
                row = ("models", metric, json.dumps({"model_name": model, **labels}), moment, value)
                connection.execute("INSERT INTO samples VALUES (?, ?, ?, ?, ?)", row)

    return Rig(SqliteMetrics(path), write, "models", "model_name", str)


def aws_rig(stack: ExitStack, _: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """CloudWatch's protocol on the loopback."""
    fake = stack.enter_context(cloudwatch.cloudwatch())
    assert fake.http
    credentials(monkeypatch, fake.http.url)

    def write(model: str, at: datetime, *values: float, metric: str = "accuracy", **labels: str) -> None:
        fake.samples.write("MLOps/Models", pascal(metric), {"ModelName": model, **labels}, at, *values)

    metrics = CloudWatchMetrics(FixedClock(NOW), "eu-central-1", read_seconds=READ_SECONDS)
    return Rig(metrics, write, "MLOps/Models", "ModelName", pascal, fake)


def credentials(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Keys that open nothing, and where to go with them."""
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def azure_rig(stack: ExitStack, _: Path, __: pytest.MonkeyPatch) -> Rig:
    """The Logs query API on the loopback."""
    fake = stack.enter_context(azure_monitor.azure_monitor())
    assert fake.http

    def write(model: str, at: datetime, *values: float, metric: str = "accuracy", **labels: str) -> None:
        fake.samples.write("AppMetrics", pascal(metric), {"ModelName": model, **labels}, at, *values)

    options = azure_monitor.client_options(fake.http.url) | {"read_timeout": READ_SECONDS}
    metrics = AzureMonitorMetrics(azure_monitor.Token(), "workspace", **options)
    return Rig(metrics, write, "AppMetrics", "ModelName", pascal, fake)


def gcp_rig(stack: ExitStack, _: Path, __: pytest.MonkeyPatch) -> Rig:
    """MetricService on the loopback."""
    fake = stack.enter_context(cloud_monitoring.cloud_monitoring())
    client = stack.enter_context(cloud_monitoring.client(fake.address))
    prefix = "custom.googleapis.com/mlops/models"

    def write(model: str, at: datetime, *values: float, metric: str = "accuracy", **labels: str) -> None:
        fake.samples.write("", f"{prefix}/{metric}", {"model_name": model, **labels}, at, *values)

    metrics = CloudMonitoringMetrics("acme-ml", client, read_seconds=READ_SECONDS)
    return Rig(metrics, write, prefix, "model_name", str, fake)


RIGS = {"local": local_rig, "aws": aws_rig, "azure": azure_rig, "gcp": gcp_rig}


@pytest.fixture
def rig(
    request: pytest.FixtureRequest, clouds: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Each cloud's metric store in turn."""
    if request.param not in clouds:
        pytest.skip(f"--clouds leaves out {request.param}")
    with ExitStack() as stack:
        yield RIGS[request.param](stack, tmp_path, monkeypatch)


every_store = pytest.mark.parametrize("rig", list(RIGS), indirect=True)
every_cloud = pytest.mark.parametrize("rig", REMOTE, indirect=True)


def at(hour: int, minute: int = 10) -> datetime:
    """A time on the morning of the tests."""
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC)


@every_store
def test_a_series_is_in_order_of_time_with_periods_stamped_by_their_start(rig: Rig) -> None:
    """Samples come in any order; told is one value a period, the oldest first, stamped with the period's start."""
    rig.write(MODEL, at(5), 0.9)
    rig.write(MODEL, at(2), 0.7, 0.8)
    rig.write(MODEL, at(4, 59), 0.6)

    (told,) = rig.ask()

    assert isinstance(told, Series)
    assert [(point.at, pytest.approx(point.value)) for point in told.points] == [
        (at(2, 0), 0.75),
        (at(4, 0), 0.6),
        (at(5, 0), 0.9),
    ]


@every_store
def test_what_lies_outside_the_window_is_not_told(rig: Rig) -> None:
    """A sample of the hour before, or of the one that is not over yet, moves no value of the window."""
    rig.write(MODEL, at(1, 59), 0.1)
    rig.write(MODEL, at(3), 0.9)
    rig.write(MODEL, at(6, 1), 0.1)

    assert rig.values() == [[0.9]]


@every_store
def test_each_statistic_is_that_of_the_samples(rig: Rig) -> None:
    """Mean, sum, least and greatest are of the samples, not of means of them."""
    rig.write(MODEL, at(3), 1.0, 1.0, 4.0)
    rig.write(MODEL, at(3, 40), 10.0)

    told = rig.values(*(rig.query(statistic=each) for each in Statistic))

    assert told == [[4.0], [16.0], [1.0], [10.0]]


@every_store
def test_models_and_metrics_are_told_apart(rig: Rig) -> None:
    """Two models and two metrics in one question get four answers, each its own."""
    for number, (model, metric) in enumerate([("a", "accuracy"), ("a", "latency_ms"), ("b", "accuracy")]):
        rig.write(model, at(3), float(number), metric=metric)
    rig.write("b", at(4), 7.0, metric="latency_ms")

    told = rig.values(*(rig.query(model, metric) for model in "ab" for metric in ("accuracy", "latency_ms")))

    assert told == [[0.0], [1.0], [2.0], [7.0]]


@every_store
def test_a_metric_without_data_in_the_window_is_an_empty_series(rig: Rig) -> None:
    """A model that was silent for four hours is not a wrong name."""
    rig.write(MODEL, at(1) - timedelta(days=2), 0.9)

    assert rig.ask() == [Series()]


@every_store
def test_a_wrong_name_is_told_with_the_nearest_right_ones(rig: Rig) -> None:
    """Whoever misspells a model is shown what it is called."""
    rig.write(MODEL, at(3), 0.9)
    rig.write("churn", at(3), 0.9)

    (told,) = rig.ask(rig.query("fraud_detection_v3"))

    assert isinstance(told, Unknown)
    assert (told.lack, told.fault) == (Lack.QUERY_FAILED, Fault.WRONG_NAME)
    assert MODEL in told.nearest[0]


@every_store
def test_a_wrong_metric_name_is_told_with_the_nearest_right_ones(rig: Rig) -> None:
    """Whoever misspells a metric is shown what it is called."""
    rig.write(MODEL, at(3), 0.9)

    (told,) = rig.ask(rig.query(metric="acuracy"))

    assert isinstance(told, Unknown)
    assert told.fault is Fault.WRONG_NAME
    assert rig.names("accuracy") in told.nearest[0]


@every_store
def test_the_versions_of_a_model_are_listed(rig: Rig) -> None:
    """Which versions of a model there are is told by a label's values, without those of others; each can be asked."""
    label = "model_version" if rig.label == "model_name" else "ModelVersion"
    for model, version, value in ((MODEL, "3", 0.9), (MODEL, "4", 0.8), ("churn", "7", 0.7)):
        rig.write(model, at(3), value, **{label: version})

    (told,) = rig.metrics.variants([rig.query()], label, WINDOW).values()

    assert not isinstance(told, Unknown)
    assert [dict(each.labels)[label] for each in told] == ["3", "4"]
    assert rig.values(*told) == [[0.9], [0.8]]


HOSTILE = ['a"b', "a'; drop", "a\\", '"]); union *', "a) or true", "{a}", "a\nb", "ü€😀", "a,b", "%"]


@every_store
@pytest.mark.parametrize("model", HOSTILE)
def test_a_hostile_name_asks_for_itself_alone(rig: Rig, model: str) -> None:
    """Quotes, brackets and line breaks in a model's name never change the question."""
    rig.write(model, at(3), 0.5)
    rig.write("other", at(3), 0.9)

    hostile, other = rig.ask(rig.query(model), rig.query("other"))

    assert isinstance(other, Series)
    assert other.points == (Point(at(3, 0), 0.9),)
    if isinstance(rig.fake, cloudwatch.CloudWatch) and not (model.isascii() and model.isprintable()):
        assert isinstance(hostile, Unknown)  # CloudWatch would refuse the whole call for such a name
        assert hostile.fault is Fault.REFUSED
    else:
        assert hostile == Series((Point(at(3, 0), 0.5),))


@every_store
def test_many_models_cost_few_calls(rig: Rig) -> None:
    """Six hundred models are asked about in at most two calls, one where the service has no limit."""
    for number in range(600):
        rig.write(f"model-{number}", at(3), number / 600)
    queries = [rig.query(f"model-{number}") for number in range(600)]

    told = rig.values(*queries)

    assert [each[0] for each in told] == pytest.approx([number / 600 for number in range(600)])
    if rig.fake is not None:
        assert rig.calls <= 2


def script(rig: Rig, *steps: str | int) -> None:
    """Let the next calls go wrong: an HTTP status, or HANG, RESET, CUT, html, error, gzip."""
    if isinstance(rig.fake, cloud_monitoring.CloudMonitoring):
        rig.fake.script.extend(GRPC[step] for step in steps)
        return
    wrong: dict[str, Answer | str] = {
        "html": Answer(200, {"Content-Type": "text/html"}, b"<html>gateway</html>"),
        "error": Answer(200, {"Content-Type": "application/json"}, b'{"error": {"code": "x", "message": "y"}}'),
        "gzip": Answer(
            200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(b"{}" * 99)[:20]
        ),
        HANG: HANG,
        RESET: RESET,
        CUT: CUT,
    }
    fail = {
        "aws": lambda status: cloudwatch.error(status, AWS_CODES[status]),
        "azure": lambda status: azure_monitor.failure(status, "Error", "scripted", Retry_After="0"),
    }["aws" if isinstance(rig.fake, cloudwatch.CloudWatch) else "azure"]
    rig.fake.http.script.extend(fail(step) if isinstance(step, int) else wrong[step] for step in steps)


AWS_CODES = {400: "ValidationError", 403: "AccessDenied", 429: "Throttling", 500: "InternalFailure", 503: "Unavailable"}
GRPC: dict[str | int, Any] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    HANG: "hang",
    RESET: grpc.StatusCode.UNAVAILABLE,
}


@pytest.mark.parametrize("rig", ["aws", "azure"], indirect=True)
def test_a_server_that_speaks_no_tls_is_unreachable(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed handshake is nobody's answer, and ends after few tries."""
    url = rig.fake.http.url.replace("http://", "https://")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    options = azure_monitor.client_options(url)
    secure = {
        "MLOps/Models": lambda: CloudWatchMetrics(FixedClock(NOW), "eu-central-1", read_seconds=READ_SECONDS),
        "AppMetrics": lambda: AzureMonitorMetrics(azure_monitor.Token(), "workspace", **options),
    }
    rig.metrics = secure[rig.namespace]()

    assert rig.unknown().fault is Fault.UNREACHABLE


@every_cloud
@pytest.mark.parametrize("status", [429, 500, 503])
def test_three_failures_and_then_an_answer_is_the_right_value(rig: Rig, status: int) -> None:
    """Throttling and hiccups are waited out: the value is right, after at most five tries."""
    rig.write(MODEL, at(3), 0.91)
    script(rig, status, status, status)

    assert rig.values() == [[0.91]]
    assert rig.calls <= 5


@every_cloud
@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (403, Fault.PERMISSION),
        (429, Fault.QUOTA),
        (500, Fault.SERVICE),
        (400, Fault.REFUSED),
        (HANG, Fault.TIMEOUT),
    ],
)
def test_a_failure_that_lasts_is_unknown_by_its_fault(rig: Rig, step: str | int, fault: Fault) -> None:
    """Whoever must act is told: a role, a quota, the service; and never a value."""
    rig.write(MODEL, at(3), 0.91)
    script(rig, *[step] * 8)

    told = rig.unknown()

    assert (told.lack, told.fault) == (Lack.QUERY_FAILED, fault)
    assert rig.calls <= 5


@every_cloud
def test_a_connection_that_breaks_is_unknown(rig: Rig) -> None:
    """A reset after the request was read is nobody's answer."""
    rig.write(MODEL, at(3), 0.91)
    script(rig, *[RESET] * 8)

    assert rig.unknown().fault in (Fault.UNREACHABLE, Fault.SERVICE)


@pytest.mark.parametrize("rig", ["aws", "azure"], indirect=True)
@pytest.mark.parametrize("step", ["html", "error", "gzip", CUT])
def test_an_answer_that_is_none_is_unknown(rig: Rig, step: str) -> None:
    """A gateway's HTML or an error with status 200, a body or its gzip that breaks off: none is ever a series."""
    rig.write(MODEL, at(3), 0.91)
    script(rig, *[step] * 8)

    assert rig.unknown().lack is Lack.QUERY_FAILED


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=st.lists(st.tuples(st.integers(0, 239), st.floats(-1e6, 1e6)), max_size=30))
@pytest.mark.parametrize("rig", ["local"], indirect=True)
def test_a_mean_is_that_of_the_periods_samples(
    rig: Rig, tmp_path_factory: Any, samples: list[tuple[int, float]]
) -> None:
    """Whatever was written, each period's mean is the plain mean of what it holds."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        fresh = local_rig(stack, tmp_path_factory.mktemp("law"), patch)
        known = dict(samples)
        for minute, value in known.items():
            fresh.write(MODEL, WINDOW.start + timedelta(minutes=minute), value)
        hours: dict[datetime, list[float]] = {}
        for minute, value in sorted(known.items()):
            hours.setdefault(WINDOW.start + HOUR * (minute // 60), []).append(value)
        expected = [Point(hour, pytest.approx(sum(values) / len(values))) for hour, values in sorted(hours.items())]

        (told,) = fresh.ask()

        assert (list(told.points) if isinstance(told, Series) else []) == expected


def test_moto_answers_the_same_question(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An implementation of CloudWatch that nobody here wrote understands the question."""
    credentials(monkeypatch, moto)
    now = datetime.now(UTC)
    client = boto3.client("cloudwatch", region_name="eu-central-1")
    start = now.replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    client.put_metric_data(
        Namespace="MLOps/Models",
        MetricData=[
            {
                "MetricName": "Accuracy",
                "Dimensions": [{"Name": "ModelName", "Value": MODEL}],
                "Timestamp": start + timedelta(minutes=5 + number),
                "Value": value,
            }
            for number, value in enumerate((0.8, 0.9))
        ],
    )
    right = query("MLOps/Models", "Accuracy", {"ModelName": MODEL})
    wrong = query("MLOps/Models", "Accuracy", {"ModelName": MODEL, "Environment": "prod"})

    told = CloudWatchMetrics(FixedClock(now), "eu-central-1").points([right, wrong], Window(start, start + HOUR, HOUR))

    assert told[right] == Series((Point(start, pytest.approx(0.85)),))
    assert isinstance(told[wrong], Unknown)
