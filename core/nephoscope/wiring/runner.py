"""
The local runner: what timers, bucket notifications and topic subscriptions are in a cloud.

Two loops that may run in one process or in two: the jobs (watched folders and timers) and the hub (the topic, the due
Messages). Each goes round until it is told to stop, finishes what it has in hand, and loses nothing when it is
killed: what was not acknowledged comes again, and what came before is known by the ledger.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from nephoscope.adapters.local.topic import Letter
from nephoscope.alerts.due import Marker
from nephoscope.errors import NephoscopeError, Transient
from nephoscope.events import MessageReceived, ObjectWritten, stable_id
from nephoscope.jobs import deliver, drift, notify
from nephoscope.report import Report
from nephoscope.wiring.entry import LOGGER
from nephoscope.wiring.local import Local
from nephoscope.wiring.timers import Timers


@dataclass(slots=True)
class JobsLoop:
    """Watched folders and timers."""

    local: Local
    pause_seconds: float = 1.0

    def turn(self) -> int:
        """Look once; returns how many Events were handled."""
        landed = sum(self._drift(event) for folder in self.local.folders.values() for event in folder.look())
        return landed + Timers(self.local).turn()

    def _drift(self, event: ObjectWritten) -> bool:
        local = self.local
        local.entry.run(
            drift.JOB,
            event,
            lambda: drift.run(
                event,
                tables=local.tables,
                baselines=local.baselines,
                outbox=local.outbox,
                settings=local.settings,
            ),
        )
        return True


@dataclass(slots=True)
class HubLoop:
    """The topic's messages and the due Messages."""

    local: Local
    pause_seconds: float = 1.0

    def turn(self) -> int:
        """Take in what waits and tell what is due; returns how many messages were handled."""
        letters = self.local.topic.receive()
        markers: list[Marker] = []
        for letter in letters:
            markers += self._take_in(letter)
        deliver.flush(markers, self.local.desk)
        deliver.sweep(self.local.desk)
        return len(letters)

    def _take_in(self, letter: Letter) -> list[Marker]:
        local = self.local
        event = MessageReceived(stable_id("local", str(letter.id)), letter.published_at, letter.body)
        markers: list[Marker] = []

        def work() -> Report:
            report, due = notify.run(event, state=local.state, clock=local.clock, route=local.desk.route)
            markers.extend(due)
            return report

        try:
            report = local.entry.run("notify", event, work)
        except NephoscopeError as error:
            local.topic.refuse(letter, str(error))
            return []
        if report is None:
            local.topic.refuse(letter, "no Report; see the log", dead=True)
        else:
            local.topic.acknowledge(letter)
        return markers


@dataclass(slots=True)
class Runner:
    """Goes round its loops, each in a thread, until stopped."""

    loops: list[JobsLoop | HubLoop]
    stopping: threading.Event = field(default_factory=threading.Event)
    handled: int = 0

    def run(self) -> None:
        """
        Go round until `stopping` is set and every loop has finished what it had in hand.

        Raises:
            Exception: What a loop cannot go on after; the other one is stopped.
        """
        with ThreadPoolExecutor(len(self.loops)) as threads:
            rounds = [threads.submit(self._go_round, loop) for loop in self.loops]
        for each in rounds:
            each.result()

    def _go_round(self, loop: JobsLoop | HubLoop) -> None:
        try:
            while not self.stopping.is_set():
                handled = self._turn(loop)
                self.handled += handled
                self.stopping.wait(0 if handled else loop.pause_seconds)
        finally:
            self.stopping.set()

    def _turn(self, loop: JobsLoop | HubLoop) -> int:
        try:
            return loop.turn()
        except Transient as error:
            LOGGER.error("turn", extra={"facts": {"outcome": "failed", "error": str(error)}})
            return 0
