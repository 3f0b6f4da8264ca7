"""What `metrics put` answers for values that were put before, or twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from nephoscope.adapters.local.metrics import SqliteMetrics
from nephoscope.cli.instants import instant
from nephoscope.cli.main import main
from nephoscope.monitoring.answer import Series
from nephoscope.monitoring.query import Statistic, Window, query

AT = "2026-11-24T05:30:00Z"
MODEL = "fraud_detection_v2"

Put = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Put:
    """Put values on this machine; the outcome and the reason of each."""
    (tmp_path / "nephoscope.yaml").write_text("version: 1\nmetric_stores: {local: {path: 'sqlite:metrics.db'}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)

    def run(*values: str) -> list[tuple[str, str]]:
        assert main(["--output", "json", "metrics", "put", MODEL, *values, "--at", AT]) == 0
        samples = json.loads(capsysbinary.readouterr().out)["samples"]
        return [(each["outcome"], each["reason"]) for each in samples]

    return run


def stored(name: str) -> list[float]:
    """What is read of a metric."""
    at = instant(AT)
    window = Window(at, at + timedelta(hours=1), timedelta(hours=1))
    asked = query("models", name, {"model_name": MODEL}, statistic=Statistic.SUM)
    told = SqliteMetrics(Path("metrics.db")).points([asked], window)[asked]
    return [point.value for point in told.points] if isinstance(told, Series) else []


def test_a_second_value_of_one_time_is_refused(put: Put) -> None:
    """Nothing is said to be written that is not: the first value stays, and the sentence tells it."""
    assert put("accuracy=0.5") == [("written", "")]

    told = put("accuracy=0.9", "precision=0.7")

    assert {outcome for outcome, _ in told} == {"refused"}
    assert "0.5" in told[0][1]
    assert (stored("accuracy"), stored("precision")) == ([0.5], [])


def test_a_value_that_is_there_already_is_written(put: Put) -> None:
    """The same value again, in other company, is as good as written."""
    put("accuracy=0.5")

    assert put("accuracy=0.5", "precision=0.7") == [("written", ""), ("written", "")]
    assert (stored("accuracy"), stored("precision")) == ([0.5], [0.7])


@pytest.mark.usefixtures("put")
def test_a_metric_is_named_once(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Two values of one metric in one command are a mistake, and none of them is written."""
    assert main(["metrics", "put", MODEL, "accuracy=0.9", "accuracy=0.1", "--at", AT]) == 2
    assert b"'accuracy' is given twice" in capsysbinary.readouterr().err
    assert stored("accuracy") == []


def test_a_file_that_cannot_be_opened_loses_no_value(put: Put) -> None:
    """What was not written because of its file is written by the next try, when the file can be opened."""
    Path("metrics.db").mkdir()
    ((outcome, reason),) = put("accuracy=0.5")
    Path("metrics.db").rmdir()

    assert (outcome, "cannot be opened" in reason) == ("unsent", True)
    assert put("accuracy=0.5") == [("written", "")]
