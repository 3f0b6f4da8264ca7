"""Each cloud's metric store is chosen by the configuration and opened without a call to anybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import BadSettings, BadUsage
from nephoscope.settings import Settings, load
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


@pytest.mark.parametrize("values", [{}, {"Accuracy": 1.0}, {"accuracy": float("nan")}, {"accuracy": float("inf")}])
def test_what_is_no_metric_is_refused_before_anything_is_written(settings: Settings, values: dict[str, float]) -> None:
    """No value, a name that is none and a number that is not finite are mistakes of whoever puts them."""
    with pytest.raises(BadUsage):
        Publisher(Local(settings)).put("fraud_detection_v2", values, clouds=["local"])
