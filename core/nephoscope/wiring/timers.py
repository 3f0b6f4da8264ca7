"""Timers on one machine: what a cloud's scheduler does, from the cron expressions of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from nephoscope import records
from nephoscope.errors import Transient
from nephoscope.events import TimerFired, stable_id
from nephoscope.settings.timers import slot_before
from nephoscope.wiring import jobs
from nephoscope.wiring.local import Local

EACH_MINUTE = "* * * * *"


@dataclass(frozen=True, slots=True)
class _Slot:
    """The newest slot of a timer that was served."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Timers:
    """
    Serves each slot once, whoever restarts when.

    A slot that passed while nothing ran is served late; of several, only the newest. A timer that is new starts with
    its next slot.
    """

    local: Local

    @property
    def crons(self) -> Mapping[str, str]:
        """The cron expression of each job; the sweep runs each minute unless the configuration says otherwise."""
        return {"sweep": EACH_MINUTE} | {str(job): cron for job, cron in self.local.settings.timers.items()}

    @property
    def unserved(self) -> list[str]:
        """The timers of the configuration whose jobs this machine does not run."""
        return sorted(set(self.crons) - set(TIMED))

    def turn(self) -> int:
        """
        Serve what is due; returns how many slots were served.

        Raises:
            Transient: A slot could not be served, and comes again; the others had their turn.
        """
        served, failures = 0, []
        for job, cron in self.crons.items():
            try:
                served += job in TIMED and self._serve(job, cron)
            except Transient as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return served

    def _serve(self, job: str, cron: str) -> bool:
        key = f"timers/{job}.json"
        served = records.read(self.local.ledger, key, _Slot)
        now = self.local.clock.now().astimezone(UTC)
        slot = slot_before(cron, now)
        if served is not None and served.at >= slot:
            return False
        if served is not None:
            TIMED[job](self.local, TimerFired(stable_id("timer", "local", job, slot.isoformat()), slot, job))
        records.change(self.local.ledger, key, _Slot, lambda _: _Slot(slot))
        return served is not None


def _sweep(local: Local, _: TimerFired) -> None:
    try:
        local.outbox.republish()
    finally:
        jobs.drift_quiet(local)


def _monitoring(local: Local, event: TimerFired) -> None:
    each = jobs.monitoring(local, event)
    jobs.side_by_side(partial(local.entry.run, "monitoring", its, work) for its, work in each)


def _cost(local: Local, event: TimerFired) -> None:
    local.entry.run("cost", event, lambda: jobs.cost(local, event))


def _features(local: Local, event: TimerFired) -> None:
    local.entry.run("features", event, lambda: jobs.features(local, event))


def _rollup(local: Local, event: TimerFired) -> None:
    local.entry.run("rollup", event, lambda: jobs.rollup(local, event))


# What this machine runs by the clock; the hub's deliveries have a loop of their own.
TIMED: Mapping[str, Callable[[Local, TimerFired], None]] = {
    "cost": _cost,
    "features": _features,
    "monitoring": _monitoring,
    "rollup": _rollup,
    "sweep": _sweep,
}
