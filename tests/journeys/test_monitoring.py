"""From a written metric to the people who are told, on one machine, with a second cloud on the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import cloudwatch
from fakes.cloudwatch import CloudWatch
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.main import main
from nephoscope.wiring.local import Local
from nephoscope.wiring.runner import HubLoop

CONFIGURATION = """
version: 1
metric_stores: {local: {}, aws: {region: eu-central-1}}
models:
  fraud_detection_v2:
    serving: accuracy
    weight: predictions
    metrics:
      accuracy: {limit: {at_least: 0.8}, spread: 0.05}
      predictions: {statistic: sum}
channels: {console: {type: console}}
route: {channels: [console], group_by: [model], group_wait: 0s, group_interval: 0s}
"""
MODEL = "fraud_detection_v2"
HOURS = {hour: datetime(2026, 11, 24, hour, 5, tzinfo=UTC) for hour in range(1, 10)}


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatch]:
    """CloudWatch on the loopback, and a configuration that names it beside this machine."""
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with cloudwatch.cloudwatch() as fake:
        assert fake.http
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.http.url)
        yield fake


def put(cloud: str, accuracy: float, hour: int, version: str = "3") -> None:
    """Write one hour's values of the model as the command does."""
    at = HOURS[hour].replace(minute=30).isoformat()
    values = (f"accuracy={accuracy}", "predictions=1000")
    assert main(["metrics", "put", MODEL, *values, "--cloud", cloud, "--model-version", version, "--at", at]) == 0


def run(job: str, hour: int, capsysbinary: pytest.CaptureFixture[bytes]) -> dict[str, Any]:
    """Run a job at five past an hour; its answer."""
    capsysbinary.readouterr()
    assert main(["--output", "json", "--now", HOURS[hour].isoformat(), "run", job]) == 0
    return json.loads(capsysbinary.readouterr().out)


def states(hour: int) -> dict[tuple[str, str], str]:
    """Let the hub take in what waits; check and cloud of each Alert, and its state."""
    local = Local.from_file(None, clock=FixedClock(HOURS[hour]))
    loop = HubLoop(local)
    while loop.turn():
        pass
    alerts = (alert for stream in local.desk.each_stream() for alert in stream.alerts.values())
    return {(alert.check, alert.labels["cloud"]): str(alert.state) for alert in alerts}


def test_an_alert_fires_resolves_and_goes_blind(aws: CloudWatch, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A bad hour fires in the cloud it was bad in, a good one resolves it, and silence makes it unknown, never fine."""
    put("aws", 0.7, 1)
    put("local", 0.9, 1)
    run("monitoring", 2, capsysbinary)
    first = states(2)
    put("aws", 0.9, 2)
    put("local", 0.9, 2)
    run("monitoring", 3, capsysbinary)
    second = states(3)
    put("local", 0.9, 3)
    run("monitoring", 4, capsysbinary)
    third = states(4)

    assert {key: state for key, state in first.items() if key[0] == "monitoring.limit"} == {
        ("monitoring.limit", "aws"): "firing"
    }
    assert second["monitoring.limit", "aws"] == "resolved"
    assert third["monitoring.limit", "aws"] == "unknown"


def test_the_hub_compares_the_clouds(aws: CloudWatch, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Two clouds that are each fine and 0.08 apart, one with an older version, are two Findings of the hub's own."""
    put("aws", 0.91, 1, version="4")
    put("local", 0.83, 1, version="3")
    monitored = run("monitoring", 2, capsysbinary)
    states(2)

    rolled = run("rollup", 2, capsysbinary)

    assert {each["verdict"] for each in monitored["findings"] if each["check"] != "monitoring.read"} == {"ok"}
    found = {each["check"]: each for each in rolled["findings"] if each["check"].startswith("monitoring.")}
    assert found["monitoring.spread"]["verdict"] == "breach"
    assert found["monitoring.spread"]["value"] == pytest.approx(0.08)
    assert found["monitoring.spread"]["evidence"]["weighted_mean"] == pytest.approx(0.87)
    assert found["monitoring.version_lag"]["reason"] == "AWS serves 4, this machine serves 3: this machine is behind."
