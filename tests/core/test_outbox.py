"""What a run found is written down before it is told, so that nothing found is lost and nothing is found twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.errors import Transient
from nephoscope.events import TimerFired
from nephoscope.findings import Finding, Verdict
from nephoscope.outbox import Outbox, run_id
from nephoscope.report import from_cloudevent

FINDING = Finding("drift.ks", "flights/dep_delay", Verdict.OK, "KS distance 0.02")


@dataclass
class ListTopic:
    """A topic that keeps what it gets, unless it is down."""

    down: bool = False
    bodies: list[bytes] = field(default_factory=list)

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        if self.down:
            raise Transient("The topic does not answer.")
        self.bodies.append(body)

    @property
    def reports(self) -> list[str]:
        return [from_cloudevent(body).id for body in self.bodies]


@pytest.fixture
def topic() -> ListTopic:
    """An empty topic."""
    return ListTopic()


@pytest.fixture
def outbox(tmp_path: Path, topic: ListTopic, clock: FixedClock) -> Outbox:
    """An outbox over an empty ledger."""
    return Outbox(SqliteState(tmp_path / "ledger.db"), topic, clock, "local", "hash")


def fired(number: int = 1, at: datetime = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)) -> TimerFired:
    """An Event."""
    return TimerFired(f"timer-{number}", at, "drift")


def test_an_event_is_told_once(outbox: Outbox, topic: ListTopic) -> None:
    """A repeated Event finds its record; the topic gets one Report."""
    first = outbox.publish(fired(), "drift", "flights", (FINDING,))
    assert outbox.told(fired(), "drift") == first
    assert outbox.publish(fired(), "drift", "flights", ()) == first
    assert topic.reports == [first.id]


def test_each_job_answers_an_event_for_itself(outbox: Outbox, topic: ListTopic) -> None:
    """Two jobs that one Event sets off are two runs."""
    outbox.publish(fired(), "drift", "flights", (FINDING,))
    assert outbox.told(fired(), "cost") is None
    outbox.publish(fired(), "cost", "all", (FINDING,))
    assert topic.reports == [run_id(fired(), "drift"), run_id(fired(), "cost")]


def test_what_the_topic_did_not_take_is_told_later(outbox: Outbox, topic: ListTopic) -> None:
    """With the topic down the run is in the ledger; the next sweep tells it, once."""
    topic.down = True
    with pytest.raises(Transient):
        outbox.publish(fired(), "drift", "flights", (FINDING,))
    assert outbox.republish() == []
    topic.down = False
    assert [report.findings for report in outbox.republish()] == [(FINDING,)]
    assert outbox.republish() == []
    assert topic.reports == [run_id(fired(), "drift")]


def test_a_redelivered_event_tells_what_was_left_untold(outbox: Outbox, topic: ListTopic) -> None:
    """The redelivery after a dead topic publishes the recorded Report; it does not run again."""
    topic.down = True
    with pytest.raises(Transient):
        outbox.publish(fired(), "drift", "flights", (FINDING,))
    topic.down = False
    told = outbox.told(fired(), "drift")
    assert told is not None
    assert told.findings == (FINDING,)
    assert topic.reports == [told.id]


def test_a_topic_that_is_down_for_days_loses_nothing(outbox: Outbox, topic: ListTopic, clock: FixedClock) -> None:
    """Reports of the whole outage are published when it ends, whatever day they are of."""
    topic.down = True
    for day in range(5):
        clock.at = datetime(2026, 11, 20 + day, 6, 30, tzinfo=UTC)
        with pytest.raises(Transient):
            outbox.publish(fired(day, clock.at), "drift", "flights", (FINDING,))
        outbox.republish()
    topic.down = False
    assert len(outbox.republish()) == 5
    clock.at += timedelta(days=3)
    assert outbox.republish() == []


def test_an_event_that_comes_a_week_late_is_told_as_well(outbox: Outbox, topic: ListTopic, clock: FixedClock) -> None:
    """Its day was left behind by the sweep, which looks at it again."""
    assert outbox.republish() == []
    late = fired(7, clock.at - timedelta(days=7))
    topic.down = True
    with pytest.raises(Transient):
        outbox.publish(late, "drift", "flights", (FINDING,))
    assert outbox.republish() == []
    topic.down = False
    assert [report.id for report in outbox.republish()] == [run_id(late, "drift")]
    assert outbox.republish() == []
    assert topic.reports == [run_id(late, "drift")]


def test_a_report_that_fits_into_no_message_holds_up_no_other(
    outbox: Outbox, topic: ListTopic, clock: FixedClock
) -> None:
    """It is said each time, and what stands beside it is told."""
    topic.down = True
    with pytest.raises(ValueError, match="a part has room"):
        outbox.publish(fired(1, clock.at), "drift", "s" * 70_000, (FINDING,))
    with pytest.raises(Transient):
        outbox.publish(fired(2, clock.at), "drift", "flights", (FINDING,))
    topic.down = False
    for _ in range(2):
        with pytest.raises(Transient, match="fits into no message"):
            outbox.republish()
    assert topic.reports == [run_id(fired(2, clock.at), "drift")]


def test_a_record_that_cannot_be_read_holds_up_no_other(outbox: Outbox, topic: ListTopic, clock: FixedClock) -> None:
    """What a later version wrote is said, each time; what stands beside it is told."""
    topic.down = True
    for number in range(3):
        with pytest.raises(Transient):
            outbox.publish(fired(number, clock.at), "drift", "flights", (FINDING,))
    day = f"ledger/{clock.at.date().isoformat()}"
    outbox.ledger.create(f"{day}/{'0' * 32}.json", b'{"schema": 2, "nonce": "", "record": {}}')
    topic.down = False
    with pytest.raises(Transient, match="has schema 2"):
        outbox.republish()
    assert sorted(topic.reports) == sorted(run_id(fired(number, clock.at), "drift") for number in range(3))
    with pytest.raises(Transient, match="has schema 2"):
        outbox.republish()


def test_the_ledger_tells_what_a_run_rested_on(outbox: Outbox) -> None:
    """Event, inputs with their versions, the Baseline's version, the Findings and how long it took."""
    outbox.publish(
        fired(), "drift", "flights", (FINDING,), inputs={"s3://b/k": "v7"}, baseline="abc", duration_seconds=1.5
    )
    (run,) = outbox.runs(datetime(2026, 11, 24, tzinfo=UTC).date())
    assert run.event == {
        "kind": "TimerFired",
        "id": "timer-1",
        "at": "2026-11-24T06:30:00+00:00",
        "schedule": "drift",
    }
    assert (run.inputs, run.baseline, run.duration_seconds) == ({"s3://b/k": "v7"}, "abc", 1.5)
    assert run.report.settings_hash == "hash"


def test_a_large_report_is_published_in_parts(outbox: Outbox, topic: ListTopic) -> None:
    """Every part goes out under the run's id, and the record holds the whole."""
    findings = tuple(Finding("c", f"s{n}", Verdict.OK, "x" * 200) for n in range(500))
    outbox.publish(fired(), "drift", "flights", findings)
    parts = [from_cloudevent(body) for body in topic.bodies]
    assert len(parts) > 1
    assert sum(len(part.findings) for part in parts) == 500
    told = outbox.told(fired(), "drift")
    assert told is not None
    assert told.findings == findings
