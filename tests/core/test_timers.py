"""Timers on one machine: each slot is served once, and none is lost to a restart."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nephoscope import settings
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import Transient
from nephoscope.events import TimerFired
from nephoscope.settings.timers import slot_before
from nephoscope.wiring import timers
from nephoscope.wiring.local import Local


class Served(dict[str, Callable[[Local, TimerFired], None]]):
    """A table of timed jobs that keeps the slots it was asked to serve."""

    def __init__(self, *jobs: str) -> None:
        super().__init__(dict.fromkeys(jobs, self._serve))
        self.slots: list[str] = []

    def _serve(self, _: Local, event: TimerFired) -> None:
        self.slots.append(f"{event.schedule} {event.at:%H:%M}")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """The jobs of a machine that runs drift and sweep by the clock."""
    made = Served("drift", "sweep")
    monkeypatch.setattr(timers, "TIMED", made)
    return made


@pytest.fixture
def local(tmp_path: Path, clock: FixedClock) -> Local:
    """A machine whose drift job runs every five minutes."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(
        'version: 1\ntimers: {drift: "*/5 * * * *", sweep: "0 0 1 1 *", cost: "0 6 * * *"}\n', encoding="utf-8"
    )
    return Local(settings.load(path), clock)


def test_a_slot_is_served_once(local: Local, clock: FixedClock, served: Served) -> None:
    """However often one looks, and whoever else looks over the same records."""
    timers.Timers(local).turn()
    for _ in range(12):
        clock.at += timedelta(minutes=1)
        timers.Timers(local).turn()
        timers.Timers(Local(local.settings, clock)).turn()
    assert served.slots == ["drift 06:35", "drift 06:40"]


def test_a_new_timer_starts_with_its_next_slot(local: Local, served: Served) -> None:
    """The first look serves nothing that passed before the timer was there."""
    assert timers.Timers(local).turn() == 0
    assert served.slots == []


def test_of_the_slots_missed_while_nothing_ran_the_newest_is_served(
    local: Local, clock: FixedClock, served: Served
) -> None:
    """A restart after two hours serves one slot, late, not twenty-four."""
    timers.Timers(local).turn()
    clock.at += timedelta(hours=2, minutes=3)
    timers.Timers(local).turn()
    timers.Timers(local).turn()
    assert served.slots == ["drift 08:30"]


def test_a_slot_whose_job_failed_is_served_again(
    local: Local, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that dies does not use its slot up."""
    calls = []

    def fail_once(_: Local, event: TimerFired) -> None:
        calls.append(event.id)
        if len(calls) == 1:
            raise OSError("died")

    monkeypatch.setattr(timers, "TIMED", {"drift": fail_once})
    timers.Timers(local).turn()
    clock.at += timedelta(minutes=5)
    with pytest.raises(OSError, match="died"):
        timers.Timers(local).turn()
    timers.Timers(local).turn()
    assert len(calls) == 2
    assert calls[0] == calls[1]


def test_no_hour_is_skipped_or_doubled_in_a_leap_year() -> None:
    """An hourly timer has 8,784 slots in 2028, across every change of daylight-saving time."""
    at = datetime(2028, 1, 1, tzinfo=UTC)
    slots = {slot_before("0 * * * *", at + timedelta(minutes=30 * n)) for n in range(2 * 8_784)}
    assert len(slots) == 8_784


def test_a_timer_that_this_machine_does_not_run_is_named(local: Local, served: Served) -> None:
    """It is said at the start, not passed over in silence."""
    assert timers.Timers(local).unserved == ["cost"]


def test_a_slot_that_fails_keeps_no_other_from_its_turn(local: Local, clock: FixedClock, served: Served) -> None:
    """It is said, and comes again; the job after it is served meanwhile, once."""

    def fail(*_: object) -> None:
        raise Transient("The ledger does not answer.")

    timers.Timers(local).turn()
    works = served["sweep"]
    served["sweep"] = fail
    clock.at = datetime(2027, 1, 1, 0, 1, tzinfo=UTC)
    for _ in range(2):
        with pytest.raises(Transient, match="The ledger"):
            timers.Timers(local).turn()
    served["sweep"] = works
    timers.Timers(local).turn()
    assert served.slots == ["drift 00:00", "sweep 00:00"]
