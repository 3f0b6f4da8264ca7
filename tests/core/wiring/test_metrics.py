"""Each cloud's metric store is chosen by the configuration and opened without a call to anybody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import BadSettings, BadUsage
from nephoscope.settings import Settings, load
from nephoscope.settings.metric_stores import LocalMetrics
from nephoscope.wiring.local import Local
from nephoscope.wiring.metrics import metric_store, metric_stores, metric_writer
from nephoscope.wiring.publishing import Publisher

ALL = """
version: 1
metric_stores:
  local: {path: sqlite:metrics.db}
  aws: {region: eu-central-1}
  azure: {workspace: w, region: westeurope}
  gcp: {project: acme-ml}
"""
STORES = {
    "aws": "CloudWatchMetrics",
    "azure": "AzureMonitorMetrics",
    "gcp": "CloudMonitoringMetrics",
    "local": "SqliteMetrics",
}
WRITERS = {"aws": "CloudWatchWriter", "gcp": "CloudMonitoringWriter", "local": "SqliteMetricWriter"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configuration with every metric store."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(ALL)
    return load(path)


def test_every_configured_store_is_opened(settings: Settings, clock: FixedClock) -> None:
    """Four stores of four kinds, and what writes into them, without credentials and without a network."""
    assert {cloud: type(store).__name__ for cloud, store in metric_stores(settings, clock).items()} == STORES
    assert {cloud: type(metric_writer(cloud, settings)).__name__ for cloud in WRITERS} == WRITERS


def test_app_metrics_are_not_written_by_us(settings: Settings) -> None:
    """Who has no ingestion rule is told that OpenTelemetry writes AppMetrics, not that something failed."""
    with pytest.raises(BadSettings, match="OpenTelemetry"):
        metric_writer("azure", settings)


def test_a_cloud_without_a_store_is_named(tmp_path: Path, clock: FixedClock) -> None:
    """Asking for a store that the configuration lacks says what to add."""
    (tmp_path / "nephoscope.yaml").write_text("version: 1\n")
    bare = load(tmp_path / "nephoscope.yaml")
    with pytest.raises(BadSettings, match=r"add metric_stores\.aws"):
        metric_store("aws", bare, clock)
    assert metric_stores(bare, clock) == {}


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Without the cloud's packages the command says which extra brings them."""
    (tmp_path / "nephoscope.yaml").write_text(f"{ALL}models: {{fraud_detection_v2: {{}}}}\n")
    hidden = "import sys; sys.modules['boto3'] = None; from nephoscope.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", hidden, "run", "monitoring", "--dry-run"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "pip install 'nephoscope[aws]'" in ran.stderr


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"Accuracy": 1.0},
        {1: 0.9},
        *({"accuracy": value} for value in (float("nan"), float("inf"), "0.9", b"0.9", None, 10**400)),
    ],
    ids=lambda values: repr(values)[:24],
)
def test_what_is_no_metric_is_refused_before_anything_is_written(settings: Settings, values: Any) -> None:
    """No value, a name that is none and what is no finite number are mistakes of whoever puts them."""
    with pytest.raises(BadUsage):
        Publisher(Local(settings)).put("fraud_detection_v2", values, clouds=["local"])


@pytest.mark.parametrize("clouds", [["local", "awss"], "local"])
def test_what_is_no_cloud_is_refused_before_anything_is_written(settings: Settings, clouds: Sequence[str]) -> None:
    """A slip in a cloud's name leaves the others unwritten, so that the same can be put again."""
    with pytest.raises(BadUsage, match="names no cloud"):
        Publisher(Local(settings)).put("fraud_detection_v2", {"accuracy": 0.9}, clouds=clouds)


def test_a_time_without_a_zone_is_refused(settings: Settings) -> None:
    """Nobody guesses where its noon was."""
    with pytest.raises(BadUsage, match="has no zone"):
        Publisher(Local(settings)).put("m", {"accuracy": 0.9}, clouds=["local"], at=datetime(2026, 11, 24))  # noqa: DTZ001


@pytest.mark.parametrize("value", [np.int64(9), np.float32(0.5), Decimal("0.9"), True], ids=repr)
def test_numbers_of_every_kind_are_written(settings: Settings, value: Any, tmp_path: Path) -> None:
    """A training program hands over what NumPy counted, and what is put again says that it is written."""
    away = msgspec.structs.replace(settings, state=f"sqlite:{tmp_path / 'hub.db'}")
    store = msgspec.structs.replace(away.metric_stores, local=LocalMetrics(path=f"sqlite:{tmp_path / 'metrics.db'}"))
    publisher = Publisher(Local(msgspec.structs.replace(away, metric_stores=store)))
    for _ in range(2):
        (put,) = publisher.put("m", {"accuracy": value}, clouds=["local"], at=datetime(2026, 11, 24, tzinfo=UTC))
        assert (put.outcome, put.sample.value) == ("written", float(value))
