"""A round of the sweep: what fails in one half of it leaves the other its turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.hub import Hub, report
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.errors import Transient
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import sweep
from nephoscope.jobs.pace import Pace
from nephoscope.outbox import Outbox


def test_a_ledger_that_cannot_be_read_keeps_no_alert_from_people(tmp_path: Path) -> None:
    """What is due is told; the round fails all the same, and the dead-man switch does not hear of it."""
    hub = Hub()
    ledger = SqliteState(tmp_path / "ledger.db")
    ledger.create(f"ledger/{hub.clock.now().date()}/{'0' * 32}.json", b'{"schema": 2, "nonce": "", "record": {}}')
    outbox = Outbox(ledger, SqliteTopic(tmp_path / "topic.db", clock=hub.clock), hub.clock, "aws")
    hub.take_in(report(Finding("drift.ks", "flights/delay", Verdict.BREACH, "moved"), at=hub.clock.now()))
    pings: list[str] = []
    with pytest.raises(Transient, match="has schema 2"):
        sweep.run(outbox=outbox, pace=Pace(hub.clock), desk=hub.desk, ping=lambda: pings.append("round"))
    assert hub.chat.told() == {("flights/delay", "firing"): 1}
    assert pings == []


def test_people_are_told_before_the_ledger_is_looked_through(tmp_path: Path) -> None:
    """A ledger of very many runs may take all the time that a function has."""
    hub = Hub()
    told_by_then: list[object] = []

    class Large(SqliteState):
        """A ledger that notes what was told when it is listed."""

        def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
            """List."""
            told_by_then.append(hub.chat.told())
            return super().list(prefix, after=after)

    outbox = Outbox(
        Large(tmp_path / "ledger.db"), SqliteTopic(tmp_path / "topic.db", clock=hub.clock), hub.clock, "aws"
    )
    hub.take_in(report(Finding("drift.ks", "flights/delay", Verdict.BREACH, "moved"), at=hub.clock.now()))
    sweep.run(outbox=outbox, pace=Pace(hub.clock), desk=hub.desk)
    assert told_by_then[0] == {("flights/delay", "firing"): 1}
