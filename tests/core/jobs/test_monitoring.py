"""A timer fires: every metric store is asked, what it says is judged, and the Report is published once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from nephoscope import settings
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.errors import Transient
from nephoscope.events import TimerFired
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import monitoring
from nephoscope.monitoring.answer import Answer, Fault, Point, Series, Variants, failed
from nephoscope.monitoring.query import Query, Window, labelled
from nephoscope.outbox import Outbox
from nephoscope.ports import Metrics
from nephoscope.report import Report

CONFIGURATION = """
version: 1
metric_stores:
  aws: {deadline: 1s}
  azure: {workspace: w, deadline: 1s}
  gcp: {project: p, deadline: 1s}
models:
  fraud_detection_v2:
    weight: predictions
    metrics:
      accuracy: {limit: {at_least: 0.85}}
      predictions: {statistic: sum}
timers:
  monitoring: "5 * * * *"
"""
AT = datetime(2026, 11, 24, 6, 5, tzinfo=UTC)
EVENT = TimerFired("slot-6", AT, "monitoring")


class Kept:
    """A metric store that holds one value for every hour and metric; it counts how often it is asked."""

    def __init__(self, value: float, version: str = "3") -> None:
        self.value = value
        self.version = version
        self.asked: list[Window] = []

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        self.asked.append(window)
        series = Series(tuple(Point(start, self.value) for start in window.starts))
        return dict.fromkeys(queries, series)

    def variants(self, queries: Sequence[Query], label: str, window: Window) -> Mapping[Query, Variants]:
        return {query: (labelled(query, label, self.version),) for query in queries}


class Says:
    """A metric store that does what it is told."""

    def __init__(self, does: Callable[[Query], Answer]) -> None:
        self.does = does

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        return {query: self.does(query) for query in queries}

    def variants(self, queries: Sequence[Query], label: str, window: Window) -> Mapping[Query, Variants]:
        return dict.fromkeys(queries, ())


def hang(_: Query) -> Answer:
    """Answer when nobody waits any more."""
    time.sleep(5)
    return Series()


def raise_transient(_: Query) -> Answer:
    """Fail as an adapter may."""
    raise Transient("The store is away.")


class Desk:
    """The monitoring job over metric stores of a test."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        (folder / "nephoscope.yaml").write_text(CONFIGURATION, encoding="utf-8")
        self.settings = settings.load(folder / "nephoscope.yaml")
        self.topic = SqliteTopic(folder / "topic.db", clock=clock)
        self.outbox = Outbox(SqliteState(folder / "jobs.db"), self.topic, clock, "local")

    def run(self, store: Metrics, event: TimerFired = EVENT, *, cloud: str = "aws") -> Report:
        """Run the job for one cloud."""
        return monitoring.run(event, cloud=cloud, store=store, outbox=self.outbox, settings=self.settings)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Desk:
    """The job, and where it tells."""
    return Desk(tmp_path, clock)


def found(report: Report, check: str = "monitoring.limit") -> Finding:
    """The one Finding of a check."""
    (one,) = [each for each in report.findings if each.check == check]
    return one


@pytest.mark.parametrize(
    ("cloud", "value", "verdict"),
    [("aws", 0.91, Verdict.OK), ("azure", 0.83, Verdict.BREACH), ("gcp", 0.85, Verdict.OK)],
)
def test_each_cloud_is_judged_by_its_own_store(desk: Desk, cloud: str, value: float, verdict: Verdict) -> None:
    """The same model is judged in each cloud by its own store's value, in a Report that says which cloud was asked."""
    report = desk.run(Kept(value), cloud=cloud)

    assert (found(report).verdict, found(report).value) == (verdict, value)
    assert {finding.labels["cloud"] for finding in report.findings} == {cloud}
    assert report.scope == f"models in {cloud}"
    assert str(report.coverage) == "1 of 1 sources answered"
    assert report.interval_seconds == 3600


def test_a_run_by_hand_promises_no_next_one(desk: Desk) -> None:
    """A Report that no timer asked for must not make the hub miss the next one."""
    report = desk.run(Kept(0.91), TimerFired("by-hand", AT, schedule=""))

    assert report.interval_seconds is None


SILENT = [(hang, "within 1 s"), (raise_transient, "away"), (lambda _: failed(Fault.UNREACHABLE, "No route."), "route")]


@pytest.mark.parametrize(("does", "why"), SILENT)
def test_a_silent_store_is_unknown(desk: Desk, does: Callable[[Query], Answer], why: str) -> None:
    """A store hangs or fails: within the deadline it is told as unknown with its reason, and nothing of it is 0."""
    started = time.monotonic()

    report = desk.run(Says(does), cloud="azure")

    assert time.monotonic() - started < 3
    assert found(report).verdict is Verdict.UNKNOWN
    assert found(report).value is None
    assert why in found(report).reason
    assert str(report.coverage) == "0 of 1 sources answered (missing: azure)"


def test_a_store_without_data_has_answered(desk: Desk) -> None:
    """No data is a store's answer: it counts as asked and answered, and is unknown all the same."""
    report = desk.run(Says(lambda _: Series()))

    assert found(report).verdict is Verdict.UNKNOWN
    assert found(report).evidence["why"] == "no_data"
    assert report.coverage.answered == 1


def test_every_finding_of_a_model_carries_its_predictions(desk: Desk) -> None:
    """What the hub weighs clouds by travels with the finding."""
    report = desk.run(Kept(1200.0))

    assert found(report).evidence["predictions"] == 1200.0


def test_the_served_version_and_the_canary_are_findings(desk: Desk, tmp_path: Path) -> None:
    """A cloud's Report says which version it serves, and what to do with a canary, on how many predictions."""
    trial = "serving: accuracy\n    canary: {stable: '3', canary: '4', tolerance: 0.01}\n    weight: predictions"
    (tmp_path / "canary.yaml").write_text(CONFIGURATION.replace("weight: predictions", trial), encoding="utf-8")
    desk.settings = settings.load(tmp_path / "canary.yaml")

    report = desk.run(Kept(0.91))

    assert found(report, "monitoring.version").evidence["version"] == "3"
    decided = found(report, "monitoring.canary")
    assert (decided.evidence["decision"], decided.evidence["periods"]) == ("promote", 24)
    assert decided.evidence["predictions_canary"] == pytest.approx(24 * 0.91)


def test_a_repeated_event_is_not_judged_again(desk: Desk) -> None:
    """The same slot delivered twice is one run: the stores are asked once, the topic gets one message."""
    store = Kept(0.91)
    first = desk.run(store)
    asked = len(store.asked)

    second = desk.run(store)

    assert second == first
    assert len(store.asked) == asked
    assert len(desk.topic.receive()) == 1


@pytest.mark.parametrize("skew", [-3600, 3600, 300, -300])
def test_a_worker_with_a_wrong_clock_judges_the_slots_hours(desk: Desk, clock: FixedClock, skew: int) -> None:
    """The slot decides what is asked: a clock that is an hour off asks for the same window."""
    clock.at += timedelta(seconds=skew)
    store = Kept(0.91)

    report = desk.run(store)

    assert {window.end for window in store.asked} == {datetime(2026, 11, 24, 6, tzinfo=UTC)}
    assert found(report).evidence["to"] == "2026-11-24T06:00:00+00:00"


@pytest.mark.parametrize(
    ("hub", "cloud", "scope"), [("local", "local", "models in aws"), ("aws", "aws", "models"), ("gcp", "aws", "models")]
)
def test_asked_by_hand_a_cloud_that_watches_itself_keeps_its_stream(
    hub: str, cloud: str, scope: str, desk: Desk
) -> None:
    """Beside a hub in a cloud the next Report of the function goes on from a laptop's, and ends what that one began."""
    desk.settings = msgspec.structs.replace(desk.settings, hub=hub)
    report = desk.run(Kept(0.5), TimerFired("by-hand", AT, ""))
    assert (report.cloud, report.scope) == (cloud, scope)
    assert desk.run(Kept(0.5), TimerFired("by-hand", AT, "")) == report


@pytest.mark.parametrize("fault", [Fault.PERMISSION, Fault.WRONG_NAME, Fault.TIMEOUT])
def test_a_canary_says_why_nothing_is_known_of_it(fault: Fault, desk: Desk, tmp_path: Path) -> None:
    """Whose fault it is that no version could be read stands in its Finding as in every other."""
    trial = "canary: {stable: '3', canary: '4'}\n    weight: predictions"
    (tmp_path / "canary.yaml").write_text(CONFIGURATION.replace("weight: predictions", trial), encoding="utf-8")
    desk.settings = settings.load(tmp_path / "canary.yaml")

    finding = found(desk.run(Says(lambda _: failed(fault, "The store refused."))), "monitoring.canary")

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, "The store refused.")
    assert {name: finding.evidence.get(name) for name in ("decision", "why", "fault")} == {
        "decision": "hold",
        "why": "query_failed",
        "fault": str(fault),
    }
