"""All three clouds asked at once by their own clients: one that is away costs its own answer, and is told as away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import azure_monitor, cloud_monitoring, cloudwatch
from fakes.scripted_http import HANG
from nephoscope import settings
from nephoscope.adapters.aws.metrics import CloudWatchMetrics
from nephoscope.adapters.azure.metrics import AzureMonitorMetrics
from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.events import TimerFired
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import monitoring
from nephoscope.outbox import Outbox
from nephoscope.ports import Metrics
from nephoscope.report import Report
from nephoscope.wiring.jobs import side_by_side

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
AT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
CLOUDS = ("aws", "azure", "gcp")
DEADLINE_SECONDS = 3
CONFIGURATION = f"""
version: 1
metric_stores:
  aws: {{deadline: {DEADLINE_SECONDS}s}}
  azure: {{workspace: w, deadline: {DEADLINE_SECONDS}s}}
  gcp: {{project: p, deadline: {DEADLINE_SECONDS}s}}
models:
  fraud_detection_v2: {{}}
"""


@dataclass
class Three:
    """The three services on the loopback, and the job that asks them."""

    stack: ExitStack
    aws: Any
    azure: Any
    gcp: Any
    outbox: Outbox
    settings: settings.Settings
    monkeypatch: pytest.MonkeyPatch
    addresses: dict[str, str]

    def run(self) -> dict[str, tuple[Report, float]]:
        """Run the job in each cloud; its Report, and how long it took until that was on the topic."""
        self.monkeypatch.setenv("AWS_ENDPOINT_URL", self.addresses["aws"])
        client = self.stack.enter_context(cloud_monitoring.client(self.addresses["gcp"]))
        options = azure_monitor.client_options(self.addresses["azure"])
        stores: dict[str, Metrics] = {
            "aws": CloudWatchMetrics(FixedClock(NOW), "eu-central-1"),
            "azure": AzureMonitorMetrics(azure_monitor.Token(), "w", **options),
            "gcp": CloudMonitoringMetrics("p", client),
        }
        started = time.monotonic()

        def one(cloud: str, store: Metrics) -> tuple[Report, float]:
            event = TimerFired(f"slot-{cloud}", NOW, "monitoring")
            report = monitoring.run(event, cloud=cloud, store=store, outbox=self.outbox, settings=self.settings)
            return report, time.monotonic() - started

        return dict(zip(stores, side_by_side(partial(one, *each) for each in stores.items()), strict=True))


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FixedClock) -> Iterator[Three]:
    """Three services that each know the model."""
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    topic = SqliteTopic(tmp_path / "topic.db", clock=clock)
    outbox = Outbox(SqliteState(tmp_path / "ledger.db"), topic, clock, "local")
    with ExitStack() as stack:
        aws = stack.enter_context(cloudwatch.cloudwatch())
        azure = stack.enter_context(azure_monitor.azure_monitor())
        gcp = stack.enter_context(cloud_monitoring.cloud_monitoring())
        assert aws.http
        assert azure.http
        aws.samples.write("MLOps/Models", "Accuracy", {"ModelName": "fraud_detection_v2"}, AT, 0.91)
        azure.samples.write("AppMetrics", "Accuracy", {"ModelName": "fraud_detection_v2"}, AT, 0.83)
        model = {"model_name": "fraud_detection_v2"}
        gcp.samples.write("", "custom.googleapis.com/mlops/models/accuracy", model, AT + timedelta(minutes=1), 0.9)
        addresses = {"aws": aws.http.url, "azure": azure.http.url, "gcp": gcp.address}
        configuration = settings.load(tmp_path / "nephoscope.yaml")
        yield Three(stack, aws, azure, gcp, outbox, configuration, monkeypatch, addresses)


def found(told: Mapping[str, tuple[Report, float]], cloud: str) -> Finding:
    """The one Finding of a cloud."""
    (one,) = told[cloud][0].findings
    assert one.labels["cloud"] == cloud
    return one


VERDICTS = {"aws": Verdict.OK, "azure": Verdict.BREACH, "gcp": Verdict.OK}


def test_one_model_is_judged_in_three_clouds(three: Three) -> None:
    """The same model is asked for under three spellings and judged by the same limit."""
    told = three.run()

    assert {cloud: found(told, cloud).verdict for cloud in CLOUDS} == VERDICTS
    assert {cloud: found(told, cloud).value for cloud in CLOUDS} == {"aws": 0.91, "azure": 0.83, "gcp": 0.9}


@pytest.mark.parametrize("away", CLOUDS)
def test_a_cloud_that_is_unreachable_is_said_to_be(three: Three, away: str) -> None:
    """Nobody listens in one cloud: the others stand, it is unknown with its reason, and nothing of it is 0."""
    three.addresses[away] = "127.0.0.1:9" if away == "gcp" else "http://127.0.0.1:9"

    told = three.run()

    assert told[away][1] < DEADLINE_SECONDS + 2
    assert {cloud: found(told, cloud).verdict for cloud in CLOUDS} == VERDICTS | {away: Verdict.UNKNOWN}
    assert found(told, away).value is None
    assert found(told, away).evidence["why"] == "query_failed"
    assert str(told[away][0].coverage) == f"0 of 1 sources answered (missing: {away})"


@pytest.mark.parametrize("away", CLOUDS)
def test_a_cloud_that_hangs_is_left_at_its_deadline(three: Three, away: str) -> None:
    """One cloud takes the question and says nothing: it is unknown at its deadline, the others are told before."""
    fake = getattr(three, away)
    (fake.script if away == "gcp" else fake.http.script).extend(["hang" if away == "gcp" else HANG] * 5)

    told = three.run()

    assert DEADLINE_SECONDS <= told[away][1] < DEADLINE_SECONDS + 2
    assert max(told[cloud][1] for cloud in CLOUDS if cloud != away) < DEADLINE_SECONDS
    assert {cloud: found(told, cloud).verdict for cloud in CLOUDS} == VERDICTS | {away: Verdict.UNKNOWN}
    assert found(told, away).evidence["fault"] == "timeout"
