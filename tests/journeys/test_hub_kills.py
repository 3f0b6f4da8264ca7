"""
The hub is killed with SIGKILL at eight points of its work, in a process of its own, and started again (B1).

Forty Findings in ten Reports, in five groups, told to three Channels. Nothing is ever lost on any of them; a Message
comes twice only where the kill fell between sending and marking, one Message a kill whatever the number of Channels,
and then it says that it is a retry.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.hub import START, breach, report
from fakes.scripted_http import Answer, ScriptedHttp, serving
from journeys.hub_worker import CHANNELS
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.report import to_cloudevents

WORKER = Path(__file__).with_name("hub_worker.py")
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
FINDINGS = [f"set{number % 5}/column_{number}" for number in range(40)]


def prepared(folder: Path, server: ScriptedHttp) -> None:
    """A topic with ten Reports of four Findings each."""
    folder.mkdir()
    (folder / "clock").write_text(START.isoformat())
    (folder / "url").write_text(server.url)
    topic = SqliteTopic(folder / "topic.db", clock=FixedClock(START))
    for number in range(10):
        its = FINDINGS[number * 4 : number * 4 + 4]
        seen = [breach(name, dataset=name.partition("/")[0]) for name in its]
        at = START + timedelta(seconds=number)
        for body in to_cloudevents(report(*seen, at=at, scope=f"scope {number}")):
            topic.publish(body, attributes={})


def run(folder: Path, *fault: str) -> int:
    """Run the hub; returns how it ended."""
    return subprocess.run([sys.executable, str(WORKER), str(folder), *fault], timeout=120, check=False).returncode


def killed_and_restarted(folder: Path, point: str, number: int) -> list[dict[str, Any]]:
    """What the channels got of a hub that was killed and of the one that came after it."""
    with serving(lambda *_: Answer()) as server:
        prepared(folder, server)
        assert run(folder, point, str(number)) in (-signal.SIGKILL, 0)
        assert run(folder) == 0
        return [json.loads(body) | {"channel": path.rpartition("/")[2]} for path, body in server.requests]


def check(folder: Path, point: str, number: int) -> None:
    """One kill: every Channel is told every Finding; only a kill between send and mark tells one Message twice."""
    posts = killed_and_restarted(folder, point, number)
    times = Counter(post["id"] for post in posts)
    first = {post["id"]: post for post in reversed(posts)}
    told = Counter((post["channel"], name) for post in first.values() for name in post["news"])
    everything = [(channel, name) for channel in CHANNELS for name in FINDINGS]
    assert dict(told) == dict.fromkeys(everything, 1), f"after a kill {point} ({number})"
    repeated = sum(times.values()) - len(times)
    assert repeated <= (point == "after send"), f"{repeated} repeated after a kill {point} ({number})"
    assert sum(post["retry"] > 0 for post in posts) >= repeated


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_hub_loses_nothing(point: str, tmp_path: Path) -> None:
    """One kill at each point, at its third passage."""
    check(tmp_path / "hub", point, 3)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_hub_killed_anywhere_loses_nothing(point: str, tmp_path: Path) -> None:
    """Twenty-five kills at each point, at whichever passage."""
    chance = random.Random(point)
    for kill in range(25):
        check(tmp_path / str(kill), point, chance.randint(1, 12))
