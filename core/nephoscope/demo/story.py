"""
The demo's story: a year of flights lands, file by file; somebody is told, once.

On the way the same file lands twice, a column is renamed, a file is cut, one is empty, and the hub is killed between
sending and marking. Nothing is lost; one Message is repeated, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nephoscope.adapters.local.clock import FileClock
from nephoscope.demo import outcome
from nephoscope.demo.flights import Landing, landings
from nephoscope.demo.stage import Stage
from nephoscope.wiring.local import Local

START = datetime(2014, 1, 1, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=1)
KILLED_WHILE_TELLING = "2013-12.parquet"


@dataclass(frozen=True, slots=True)
class Step:
    """A file landed: when, which, and what was told because of it."""

    at: datetime
    landing: Landing
    told: tuple[str, ...]  # titles, as on the console
    note: str


def play(folder: Path, *, tell: Callable[[Step], None]) -> tuple[list[Step], Local, Stage]:
    """
    Let everything land and wait until everybody was told.

    Args:
        folder: An empty folder for everything that is made.
        tell: Called after each step.

    Returns:
        The steps, the local wiring over what the processes left behind, and the closed stage.
    """
    clock = FileClock(folder / "clock")
    clock.set(START)
    stage = Stage(folder, clock)
    steps: list[Step] = []
    try:
        stage.open()
        local = Local.from_file(stage.configuration, clock=clock)
        for number, landing in enumerate(landings()):
            before = len(stage.console())
            at = clock.now() + (STEP if number else timedelta(0))
            note = _step(stage, local, landing, at=at)
            titles = tuple(entry["title"] for entry in stage.console()[before:])
            step = Step(at, landing, titles, note)
            steps.append(step)
            tell(step)
    finally:
        stage.close()
    return steps, local, stage


def _step(stage: Stage, local: Local, landing: Landing, *, at: datetime) -> str:
    if landing.name != KILLED_WHILE_TELLING:
        stage.land(landing.name, landing.body, at=at)
        stage.wait_for(lambda: _settled(stage, local), f"{landing.name} to be told")
        return landing.note
    with stage.held():
        posts = _posts(stage)
        stage.land(landing.name, landing.body, at=at)
        stage.wait_for(
            lambda: _posts(stage) > posts and _unfinished(local) == 1,
            "the webhook to get a post, and the other channels to be told",
        )
        pid = stage.kill_hub()
    stage.start_hub()
    stage.let_time_pass(
        STEP,
        lambda: _settled(stage, local) and all(n.finished for n in outcome.notifications(local.state)),
        f"{landing.name} to be told after the hub was killed",
    )
    return f"hub (pid {pid}) killed between sending and marking, started again"


def _posts(stage: Stage) -> int:
    return sum(entry["channel"] == "slack" for entry in stage.received())


def _unfinished(local: Local) -> int:
    """Deliveries on record that no channel has yet: channels are told side by side, and the kill is to hit one."""
    return sum(not d.finished for n in outcome.notifications(local.state) for d in n.deliveries.values())


def _settled(stage: Stage, local: Local) -> bool:
    """Whether each landing was handled, its Report published and taken in, and nothing is due now."""
    now = local.clock.now()
    if stage.runs() < stage.landed or local.outbox.untold(now.date()) or local.topic.waiting():
        return False
    return not any(d.due(now) for n in outcome.notifications(local.state) for d in n.deliveries.values())
