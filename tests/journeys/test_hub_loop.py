"""The local hub as it runs: poison among good messages, and the dead-man switch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.hub import breach, ok, report
from fakes.scripted_http import Answer, ScriptedHttp, serving
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.alerts.streams import NEVER, Stream, stream_key, stream_name
from nephoscope.ports import Version
from nephoscope.records import NewerRecord, encode
from nephoscope.report import to_cloudevents
from nephoscope.wiring.local import Local
from nephoscope.wiring.runner import HubLoop

CONFIGURATION = """
version: 1
datasets: {flights: {objects: landed}}
channels: {console: {type: console}}
route: {channels: [console], group_wait: 0s, group_interval: 0s}
dead_man: {url: "env:PING_URL", every: 1m}
"""


@pytest.fixture
def pings() -> Iterator[ScriptedHttp]:
    """A service that waits for pings."""
    with serving(lambda *_: Answer()) as server:
        yield server


@pytest.fixture
def local(tmp_path: Path, clock: FixedClock, pings: ScriptedHttp, monkeypatch: pytest.MonkeyPatch) -> Local:
    """A machine with a hub."""
    monkeypatch.setenv("PING_URL", f"{pings.url}/ping/1")
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    return Local.from_file(tmp_path / "nephoscope.yaml", clock=clock)


def publish(local: Local, *findings: Any, scope: str = "flights", second: int = 0) -> None:
    """A Report is published."""
    at = local.clock.now() + timedelta(seconds=second)
    for body in to_cloudevents(report(*findings, at=at, cloud="local", scope=scope)):
        local.topic.publish(body, attributes={})


def test_a_poison_message_holds_up_no_other(local: Local, clock: FixedClock) -> None:
    """One message of a thousand always raises: the others go through at once, it dies after five spaced tries (B12)."""
    poisoned = stream_key(stream_name("drift", "local", "poison"))
    local.state.create(poisoned, b'{"schema": 99, "nonce": "", "record": {}}')
    publish(local, breach(), scope="poison")
    for number in range(999):
        publish(local, ok(), second=number)
    loop = HubLoop(local)
    tries = []
    turns = 0
    while local.topic.waiting():
        before = len(list(local.state.list("reports/")))
        tries.append(loop.turn())
        turns += 1
        assert len(list(local.state.list("reports/"))) >= before
        if not tries[-1]:
            clock.at += timedelta(seconds=1)
        assert turns < 150
    assert sum(tries) == 999 + 5
    assert turns <= 100 * 1.5
    (dead,) = local.topic.dead_letters()
    assert "schema 99" in dead.error
    assert dead.tries == 5
    loop.turn()
    hub = local.desk.streams([stream_name("hub", "local", "dead letters")])
    assert [str(alert.state) for stream in hub.values() for alert in stream.alerts.values()] == ["firing"]


def test_a_round_pings_the_dead_man_switch(local: Local, clock: FixedClock, pings: ScriptedHttp) -> None:
    """Once for each `every`, after a whole round; when it does not answer, the hub goes on."""
    loop = HubLoop(local)
    for _ in range(4):
        loop.turn()
        clock.at += timedelta(seconds=30)
    assert [path for path, _ in pings.requests] == ["/ping/1"] * 2
    pings.script.extend([Answer(500)] * 2)
    publish(local, breach())
    loop.turn()
    assert not local.topic.waiting()


def test_a_dead_hub_does_not_ping(local: Local, pings: ScriptedHttp) -> None:
    """A round that fails says nothing: that is what the switch is for."""
    Path(local.settings.state.removeprefix("sqlite:")).write_bytes(b"no database at all, and not empty either")
    with pytest.raises(Exception, match="database"):
        HubLoop(local).turn()
    assert pings.requests == []


def test_dead_letters_are_told_though_their_first_word_fails(local: Local) -> None:
    """A store that fails when they are judged costs one turn of it, and keeps back nothing else."""
    key = stream_key(stream_name("hub", "local", "dead letters"))
    local.state.create(key, b'{"schema": 99, "nonce": "", "record": {}}')
    local.topic.publish(b"garbage", attributes={})
    publish(local, breach())
    loop = HubLoop(local)
    with pytest.raises(NewerRecord):
        loop.turn()
    checks = [alert.check for stream in local.desk.each_stream(readable=True) for alert in stream.alerts.values()]
    assert checks == ["drift.ks"]
    now = local.clock.now()
    _, version = local.state.get(key) or (b"", Version(""))
    local.state.replace(key, version, encode(Stream("hub", "local", "dead letters", NEVER, "", "", now, now)))
    loop.turn()
    checks = [alert.check for stream in local.desk.each_stream() for alert in stream.alerts.values()]
    assert sorted(checks) == ["drift.ks", "hub.dead_letters"]
