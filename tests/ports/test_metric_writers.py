"""What is put into a metric store is found there by what reads it, once, whatever happened on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from fakes import azure_monitor, cloud_monitoring, cloudwatch
from fakes.scripted_http import RESET
from nephoscope.adapters.aws.metric_writer import CloudWatchWriter
from nephoscope.adapters.aws.metrics import CloudWatchMetrics
from nephoscope.adapters.azure.metric_writer import LogsIngestionWriter
from nephoscope.adapters.azure.metrics import AzureMonitorMetrics
from nephoscope.adapters.gcp.metric_writer import CloudMonitoringWriter
from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.metric_writer import SqliteMetricWriter
from nephoscope.adapters.local.metrics import SqliteMetrics
from nephoscope.adapters.local.state import SqliteState
from nephoscope.jobs.publishing import Outcome, put
from nephoscope.monitoring.answer import Series
from nephoscope.monitoring.query import Statistic, Window, query
from nephoscope.monitoring.sample import Sample
from nephoscope.ports import Metrics, MetricWriter, State
from nephoscope.settings import Configuration, MetricStores, Model
from nephoscope.settings.metric_stores import AzureMonitor, CloudMonitoring, CloudWatch, Ingestion, LocalMetrics
from nephoscope.settings.samples import samples
from nephoscope.settings.section import Cloud
from nephoscope.settings.watches import asked

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
AT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(AT - HOUR / 2, AT + HOUR / 2, HOUR)
MODEL = "fraud_detection_v2"
CONFIGURATION = Configuration(
    version=1,
    models={MODEL: Model()},
    metric_stores=MetricStores(
        local=LocalMetrics(),
        aws=CloudWatch(),
        azure=AzureMonitor(ingestion=Ingestion(endpoint="https://dce", rule="dcr-1")),
        gcp=CloudMonitoring(project="acme-ml"),
    ),
)


@dataclass
class Rig:
    """One cloud's writer and reader over the same store."""

    cloud: Cloud
    writer: MetricWriter
    metrics: Metrics
    state: State
    fake: Any = None

    def put(self, version: str = "", at: datetime = AT, **values: float) -> list[Outcome]:
        """Put a model's values as the command does."""
        wanted = samples(CONFIGURATION, self.cloud, MODEL, values, at=at, version=version)
        return [each.outcome for each in put({self.cloud: wanted}, writers={self.cloud: self.writer}, state=self.state)]

    def sum(self) -> list[float]:
        """What the reader finds of the model's accuracy: the sum, which a second copy would double."""
        (watch,) = asked(CONFIGURATION)[self.cloud].watches
        one = query(watch.query.namespace, watch.query.name, dict(watch.query.labels), statistic=Statistic.SUM)
        told = self.metrics.points([one], WINDOW)[one]
        return [point.value for point in told.points] if isinstance(told, Series) else []

    def go_wrong(self, step: str) -> None:
        """Let the next call be denied, throttled, or answered with an error after the service did what it was asked."""
        if isinstance(self.fake, cloud_monitoring.CloudMonitoring):
            self.fake.script.append(GRPC[step])
            return
        scripted = {
            "denied": cloudwatch.error(403, "AccessDenied"),
            "throttled": cloudwatch.error(400, "Throttling"),
            "lost": RESET,
        }
        if isinstance(self.fake, azure_monitor.AzureMonitor):
            scripted |= {
                "denied": azure_monitor.failure(403, "x", "y"),
                "throttled": azure_monitor.failure(429, "x", "y"),
            }
        self.fake.http.script.append(scripted[step])


GRPC = {
    "denied": grpc.StatusCode.PERMISSION_DENIED,
    "throttled": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "lost": grpc.StatusCode.INTERNAL,
}


def local_rig(_: ExitStack, folder: Path, __: pytest.MonkeyPatch, state: State) -> Rig:
    """SQLite."""
    path = folder / "metrics.db"
    return Rig("local", SqliteMetricWriter(path), SqliteMetrics(path), state)


def aws_rig(stack: ExitStack, _: Path, monkeypatch: pytest.MonkeyPatch, state: State) -> Rig:
    """CloudWatch's protocol on the loopback."""
    fake = stack.enter_context(cloudwatch.cloudwatch())
    assert fake.http
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake.http.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    region = "eu-central-1"
    return Rig("aws", CloudWatchWriter(region), CloudWatchMetrics(FixedClock(NOW), region), state, fake)


def azure_rig(stack: ExitStack, _: Path, __: pytest.MonkeyPatch, state: State) -> Rig:
    """The Logs ingestion and query APIs on the loopback."""
    fake = stack.enter_context(azure_monitor.azure_monitor())
    assert fake.http
    options = azure_monitor.client_options(fake.http.url)
    url = options.pop("endpoint")
    writer = LogsIngestionWriter(azure_monitor.Token(), url, "dcr-1", "Custom-NephoscopeMetrics_CL", **options)
    return Rig("azure", writer, AzureMonitorMetrics(azure_monitor.Token(), "w", endpoint=url, **options), state, fake)


def gcp_rig(stack: ExitStack, _: Path, __: pytest.MonkeyPatch, state: State) -> Rig:
    """MetricService on the loopback."""
    fake = stack.enter_context(cloud_monitoring.cloud_monitoring())
    client = stack.enter_context(cloud_monitoring.client(fake.address))
    return Rig("gcp", CloudMonitoringWriter("p", client), CloudMonitoringMetrics("p", client), state, fake)


RIGS: dict[str, Callable[..., Rig]] = {"local": local_rig, "aws": aws_rig, "azure": azure_rig, "gcp": gcp_rig}
every_store = pytest.mark.parametrize("rig", list(RIGS), indirect=True)
every_cloud = pytest.mark.parametrize("rig", ["aws", "azure", "gcp"], indirect=True)


@pytest.fixture
def rig(
    request: pytest.FixtureRequest, clouds: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Each cloud's metric store in turn."""
    if request.param not in clouds:
        pytest.skip(f"--clouds leaves out {request.param}")
    with ExitStack() as stack:
        yield RIGS[request.param](stack, tmp_path, monkeypatch, SqliteState(tmp_path / "ledger.db"))


@every_store
def test_what_is_put_is_found_by_the_model_alone(rig: Rig) -> None:
    """A value put for a model, with its version or without, is found by who asks for the model."""
    assert set(rig.put("3", accuracy=0.9)) == {Outcome.WRITTEN}

    assert rig.sum() == [0.9]


@every_store
def test_putting_again_writes_nothing_twice(rig: Rig) -> None:
    """The same command run three times leaves one value, and says each time that it is written."""
    for _ in range(3):
        assert rig.put(accuracy=0.9) == [Outcome.WRITTEN]

    assert rig.sum() == [0.9]


@every_cloud
def test_a_throttled_value_is_put_by_the_next_try(rig: Rig) -> None:
    """What was certainly not written may be put again, and then is there once."""
    rig.go_wrong("throttled")

    assert rig.put(accuracy=0.9) == [Outcome.UNSENT]
    assert rig.sum() == []
    assert rig.put(accuracy=0.9) == [Outcome.WRITTEN]
    assert rig.sum() == [0.9]


@every_cloud
def test_a_lost_answer_is_never_sent_again(rig: Rig) -> None:
    """Where nobody can tell whether a value is written it is said to be uncertain, now and at each later try."""
    rig.go_wrong("lost")
    calls = len(rig.fake.requests if hasattr(rig.fake, "requests") else rig.fake.http.requests)

    assert rig.put(accuracy=0.9) == [Outcome.UNCERTAIN]
    assert rig.put(accuracy=0.9) == [Outcome.UNCERTAIN]
    assert len(rig.fake.requests if hasattr(rig.fake, "requests") else rig.fake.http.requests) == calls + 1


@every_cloud
def test_a_denied_value_is_refused(rig: Rig) -> None:
    """Who may not write is told so, once and for all."""
    rig.go_wrong("denied")

    assert rig.put(accuracy=0.9) == [Outcome.REFUSED]
    assert rig.sum() == []


@every_store
@pytest.mark.parametrize("count", [0, 1, 201, 1201])
def test_batches_keep_every_sample_once_within_the_limits(rig: Rig, count: int) -> None:
    """However many values are put, each is in one batch, and each batch is one that the service takes."""
    wanted = [sample for n in range(count) for sample in samples_of(rig.cloud, f"model-{n}")]

    batches = rig.writer.batches(wanted)
    for batch in batches:
        rig.writer.put(batch)

    assert sorted(map(str, wanted)) == sorted(str(sample) for batch in batches for sample in batch)


def samples_of(cloud: Cloud, model: str) -> Sequence[Sample]:
    """One value of a model."""
    return samples(CONFIGURATION, cloud, model, {"accuracy": 0.5}, at=AT, version="")


def test_moto_takes_what_is_put(moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An implementation of CloudWatch that nobody here wrote keeps what is put, and it is found by the model alone."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    now = datetime.now(UTC)
    state = SqliteState(tmp_path / "ledger.db")
    rig = Rig("aws", CloudWatchWriter("eu-west-1"), CloudWatchMetrics(FixedClock(now), "eu-west-1"), state)
    hour = now.replace(minute=0, second=0, microsecond=0) - HOUR

    rig.put("3", at=hour + HOUR / 2, accuracy=0.9)

    found = query("MLOps/Models", "Accuracy", {"ModelName": MODEL})
    told = rig.metrics.points([found], Window(hour, hour + HOUR, HOUR))[found]
    assert isinstance(told, Series)
    assert [point.value for point in told.points] == [0.9]


def test_tiny_rows_stay_below_azures_limit() -> None:
    """Thirty thousand rows make bodies below 1 MB, separators counted, where the client's own division does not."""
    wanted = [Sample("T_CL", "A", (), AT, 0.5)] * 30_000
    with azure_monitor.azure_monitor() as fake:
        assert fake.http
        options = azure_monitor.client_options(fake.http.url)
        url = options.pop("endpoint")
        writer = LogsIngestionWriter(azure_monitor.Token(), url, "dcr-1", "Custom-T_CL", **options)
        for batch in writer.batches(wanted):
            writer.put(batch)

        assert max(len(body) for _, body in fake.http.requests) < 1_000_000
        assert sum(map(len, fake.samples.of.values())) == 30_000


def test_long_labels_stay_below_amazons_limit() -> None:
    """A thousand samples with thirty long labels make calls below 1 MB, and short ones a call of a thousand."""
    labels = tuple((f"label-{n:03}", "x" * 1_000) for n in range(30))
    long = CloudWatchWriter("eu-central-1").batches([Sample("n", "A", labels, AT, 0.5)] * 1_000)
    short = CloudWatchWriter("eu-central-1").batches([Sample("n", "A", (), AT, 0.5)] * 1_001)

    assert max(sum(len(str(sample)) for sample in batch) for batch in long) < 1_000_000
    assert [len(batch) for batch in short] == [1_000, 1]


def test_points_of_one_series_go_oldest_first_to_google() -> None:
    """A point must be newer than its series: three points of two series, in whatever order given, are all stored."""
    wanted = [
        Sample("custom.googleapis.com/m", "accuracy", (("model_name", model),), AT + timedelta(minutes=minute), 0.5)
        for minute in (2, 0, 1)
        for model in ("a", "b")
    ]
    with cloud_monitoring.cloud_monitoring() as fake, cloud_monitoring.client(fake.address) as client:
        writer = CloudMonitoringWriter("p", client)
        batches = writer.batches(wanted)
        for batch in batches:
            writer.put(batch)

        assert [len(batch) for batch in batches] == [2, 2, 2]
        assert sum(map(len, fake.samples.of.values())) == 6


def test_a_point_that_is_older_than_its_series_is_told_as_refused(tmp_path: Path) -> None:
    """Google stores what is newer and refuses the rest: the refusal is told with the service's words."""
    with ExitStack() as stack:
        rig = gcp_rig(stack, tmp_path, pytest.MonkeyPatch(), SqliteState(tmp_path / "ledger.db"))
        rig.put(accuracy=0.9)
        older = samples(CONFIGURATION, "gcp", MODEL, {"accuracy": 0.8}, at=AT - HOUR, version="")

        (told,) = put({"gcp": older}, writers={"gcp": rig.writer}, state=rig.state)

    assert told.outcome is Outcome.REFUSED
    assert "out of order" in told.reason
