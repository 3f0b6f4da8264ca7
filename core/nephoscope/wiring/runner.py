"""
The local runner: what timers, bucket notifications and topic subscriptions are in a cloud.

Two loops that may run in one process or in two: the jobs (watched folders and timers) and the hub (the topic, the due
Messages). Each goes round until it is told to stop, finishes what it has in hand, and loses nothing when it is
killed: what was not acknowledged comes again, and what came before is known by the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from nephoscope.adapters.local.folder import Folder
from nephoscope.adapters.local.topic import Letter
from nephoscope.alerts.due import Marker
from nephoscope.errors import Transient
from nephoscope.events import MessageReceived, ObjectWritten, stable_id
from nephoscope.jobs import dead_letters, deliver, drift, features, notify
from nephoscope.report import Report
from nephoscope.wiring import jobs
from nephoscope.wiring.entry import LOGGER
from nephoscope.wiring.local import Local
from nephoscope.wiring.timers import Timers


@dataclass(slots=True)
class JobsLoop:
    """Watched folders and timers."""

    local: Local
    pause_seconds: float = 1.0
    show: Callable[[str, int], None] = lambda _name, _waiting: None  # told of each landed file, and how many wait
    _computed: dict[Path, Folder] = field(default_factory=dict)  # what feature views are computed to

    def turn(self) -> int:
        """Look once; returns how many Events were handled."""
        landed = sum(self._drift(event, folder) for folder in self.local.folders.values() for event in folder.look())
        return landed + self._features() + Timers(self.local).turn()

    def _features(self) -> int:
        store = replace(self.local.features)  # a registry that was applied meanwhile counts
        for path in store.folders():
            self._computed.setdefault(path, Folder(path))
        handled = 0
        # One after the other: a file whose run fails was not told, and comes again.
        for event in (event for folder in self._computed.values() for event in folder.look()):
            if store.about(event):
                self.local.entry.run(features.JOB, event, partial(jobs.features, self.local, event))
                handled += 1
        return handled

    def _drift(self, event: ObjectWritten, folder: Folder) -> bool:
        local = self.local
        self.show(event.object.key, folder.waiting)
        local.entry.run(
            drift.JOB,
            event,
            lambda: drift.run(
                event,
                tables=local.tables,
                baselines=local.baselines,
                outbox=local.outbox,
                settings=local.settings,
                parts=local.parts,
            ),
        )
        return True


@dataclass(slots=True)
class HubLoop:
    """The topic's messages and the due Messages."""

    local: Local
    pause_seconds: float = 1.0
    _dead: int | None = None

    def turn(self) -> int:
        """Take in what waits and tell what is due; returns how many messages were handled."""
        local = self.local
        letters = local.topic.receive()
        for letter in letters:
            self._take_in(letter)
        try:
            deliver.sweep(local.desk)
        finally:
            deliver.flush(self._judge_dead_letters(), local.desk)
        local.dead_man.tell()
        return len(letters)

    def _take_in(self, letter: Letter) -> None:
        local = self.local
        event = MessageReceived(stable_id("local", str(letter.id)), letter.published_at, letter.body)

        def work() -> Report:
            report, _ = notify.run(
                event, state=local.state, clock=local.clock, route=local.desk.route, memory=local.desk.memory
            )
            return report

        try:
            report = local.entry.run("notify", event, work)
        except Exception as error:  # noqa: BLE001  # the runner is the cloud here: whatever is raised is delivered again
            local.topic.refuse(letter, f"{type(error).__name__}: {error}")
            return
        if report is None:
            local.topic.refuse(letter, "It is no Report of ours; see the log.", dead=True)
        else:
            local.topic.acknowledge(letter)

    def _judge_dead_letters(self) -> list[Marker]:
        letters = self.local.topic.dead_letters()
        if self._dead == len(letters):
            return []
        markers = dead_letters.judge(len(letters), letters[-1].error if letters else "", self.local.desk)
        self._dead = len(letters)
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
