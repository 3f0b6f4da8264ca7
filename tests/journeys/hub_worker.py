"""
A hub in a process of its own that kills itself at one point of its work: `python hub_worker.py FOLDER [POINT NUMBER]`.

The wiring of a test: the shipped jobs over the shipped adapters, each wrapped so that SIGKILL comes at the NUMBER-th
passage of POINT. Without a point it works until nothing is left to do.
"""

from __future__ import annotations

import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import Letter, SqliteTopic
from nephoscope.alerts.messages import Message
from nephoscope.alerts.routes import Route
from nephoscope.events import MessageReceived
from nephoscope.jobs import deliver, notify
from nephoscope.jobs.desk import Desk
from nephoscope.ports import State, Version
from nephoscope.report import from_cloudevent

POINTS = (
    "after receive",
    "after parse",
    "after record write",
    "before ack",
    "after claim",
    "before send",
    "after send",
    "after mark",
)
CHANNELS = ("chat", "mail", "pager")


class Fault:
    """Kills this process at the n-th passage of a point."""

    def __init__(self, point: str = "", number: int = 0) -> None:
        self._point = point
        self._left = number

    def passes(self, point: str) -> None:
        """Pass a point, or die there."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class FaultyState:
    """A State that passes the points of writing."""

    def __init__(self, state: State, fault: Fault) -> None:
        self._state = state
        self._fault = fault

    def create(self, key: str, body: bytes) -> Any:
        """Write a record that must not exist yet."""
        written = self._state.create(key, body)
        self._written(key, body)
        return written

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record."""
        return self._state.get(key)

    def replace(self, key: str, version: Version, body: bytes) -> Any:
        """Replace a record."""
        written = self._state.replace(key, version, body)
        self._written(key, body)
        return written

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """List keys."""
        return self._state.list(prefix, after=after)

    def _written(self, key: str, body: bytes) -> None:
        if key.startswith("streams/"):
            self._fault.passes("after record write")
        if key.startswith("groups/"):
            group = msgspec.json.decode(body)["record"]
            states = [d["status"] for n in group["open"] for d in n["deliveries"].values()]
            finished = [d["status"] for n in group["closed"] for d in n["deliveries"].values()]
            if "sending" in states:
                self._fault.passes("after claim")
            if "sent" in states + finished:
                self._fault.passes("after mark")


class Post:
    """A channel that posts to the test's server, one request a Message."""

    def __init__(self, url: str, name: str, fault: Fault) -> None:
        self._url = f"{url}/{name}"
        self._fault = fault

    def send(self, message: Message) -> str:
        """Post the delivery id and what is news."""
        self._fault.passes("before send")
        news = [item.what for item in message.items if item.news]
        body = msgspec.json.encode({"id": message.id, "retry": message.retry, "news": news})
        urllib.request.urlopen(urllib.request.Request(self._url, data=body), timeout=10).close()
        self._fault.passes("after send")
        return ""


class SteppingClock:
    """A minute passes whenever a round found nothing to do, so that leases end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Tell the time."""
        return datetime.fromisoformat(self._path.read_text())

    def step(self) -> None:
        """Let a minute pass."""
        self._path.write_text((self.now() + timedelta(minutes=1)).astimezone(UTC).isoformat())


def work(folder: Path, fault: Fault) -> None:
    """Take in what the topic has and tell it, until nothing is left for ten minutes."""
    clock = SteppingClock(folder / "clock")
    state = FaultyState(SqliteState(folder / "state.db"), fault)
    topic = SqliteTopic(folder / "topic.db", clock=clock)
    route = Route(channels=CHANNELS, group_by=("dataset",), group_wait=timedelta(0), group_interval=timedelta(0))
    url = (folder / "url").read_text()
    channels = {name: Post(url, name, fault) for name in CHANNELS}
    desk = Desk(state, clock, route, channels, lease=timedelta(seconds=90))
    idle = 0
    while idle < 10:
        letters = topic.receive(5)
        for letter in letters:
            _take_in(letter, topic, desk, fault)
        told = deliver.sweep(desk)
        idle = 0 if letters or told else idle + 1
        if not letters and not told:
            clock.step()


def _take_in(letter: Letter, topic: SqliteTopic, desk: Desk, fault: Fault) -> None:
    fault.passes("after receive")
    from_cloudevent(letter.body)
    fault.passes("after parse")
    event = MessageReceived(str(letter.id), letter.published_at, letter.body)
    taken = notify.run(event, state=desk.state, clock=desk.clock, route=desk.route, memory=desk.memory)
    deliver.flush(taken[1], desk)
    fault.passes("before ack")
    topic.acknowledge(letter)


if __name__ == "__main__":
    work(Path(sys.argv[1]), Fault(*sys.argv[2:3], *map(int, sys.argv[3:4])))
