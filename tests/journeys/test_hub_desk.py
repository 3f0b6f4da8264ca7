"""The hub's desk on the command line, over what a local hub left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.hub import blind, breach, ok, report
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.main import main
from nephoscope.cli.schemas import ANSWERS
from nephoscope.report import to_cloudevents
from nephoscope.wiring.local import Local
from nephoscope.wiring.runner import HubLoop

CONFIGURATION = """
version: 1
datasets: {flights: {objects: landed, preset: default}}
channels: {console: {type: console}}
route:
  channels: [console]
  group_wait: 0s
  group_interval: 0s
  routes:
    - {matchers: ['severity="high"'], group_by: [check]}
inhibit_rules:
  - {source_matchers: ['check="drift.table"'], target_matchers: ['check=~"drift.*"'], equal: [dataset]}
"""

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def local(tmp_path: Path, clock: FixedClock) -> Local:
    """A machine with a hub that took one Report in: a breach, and something that could not be seen."""
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    machine = Local.from_file(tmp_path / "nephoscope.yaml", clock=clock)
    publish(machine, breach("flights/a"), blind("flights/b"), ok("flights/c"))
    return machine


def publish(machine: Local, *findings: Any) -> None:
    """A Report comes in and is told."""
    for body in to_cloudevents(report(*findings, at=machine.clock.now(), cloud="local")):
        machine.topic.publish(body, attributes={})
    HubLoop(machine).turn()


@pytest.fixture
def ask(local: Local, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """Runs a command at the hub's time and returns its JSON, which keeps its schema."""

    def asked(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        options = ["--config", str(tmp_path / "nephoscope.yaml"), "--now", local.clock.now().isoformat()]
        assert main([*options, *words]) == code
        capsys.readouterr()
        assert main([*options, "--output", "json", *words]) == code
        out = capsys.readouterr().out
        document: dict[str, Any] = json.loads(out)
        msgspec.json.decode(out, type=ANSWERS[document["schema"].removeprefix("nephoscope.").removesuffix("/1")])
        return document

    return asked


def test_alerts_list_shows_what_is_open(ask: Ask) -> None:
    """What fires and what cannot be seen; exit codes say which, when asked to."""
    assert [(a["subject"], a["state"]) for a in ask("alerts", "list")["alerts"]] == [
        ("flights/a", "firing"),
        ("flights/b", "unknown"),
    ]
    assert [a["subject"] for a in ask("alerts", "list", "state=unknown")["alerts"]] == ["flights/b"]
    ask("alerts", "list", "--fail-on", "breach", code=1)
    ask("alerts", "list", "state=unknown", "--fail-on", "unknown", code=3)


def test_alerts_show_tells_a_whole_life(ask: Ask, local: Local, clock: FixedClock) -> None:
    """Every moment with its reason, and every time that people were told, where and whether it came."""
    clock.at = clock.at.replace(minute=40)
    publish(local, ok("flights/a"), blind("flights/b"), ok("flights/c"))
    first = next(a for a in ask("alerts", "list", "--all")["alerts"] if a["subject"] == "flights/a")
    shown = ask("alerts", "show", first["fingerprint"][:10])
    assert [moment["state"] for moment in shown["life"]] == ["firing", "resolved"]
    assert [(t["why"], t["deliveries"][0]["status"]) for t in shown["told"]] == [
        ("firing", "sent"),
        ("resolved", "sent"),
    ]


def test_a_silence_lives_its_life_on_the_command_line(ask: Ask, local: Local, clock: FixedClock) -> None:
    """Made with an author and a reason, listed, ended early, and marked on what it covers."""
    made = ask("silence", "add", "dataset=flights", "--for", "2h", "--reason", "moving", "--author", "ada")
    assert made["state"] == "active"
    assert [a["silenced_by"] for a in ask("alerts", "list")["alerts"]] == [made["id"]] * 2
    assert [s["id"] for s in ask("silence", "list")["silences"]] == [made["id"]]
    clock.at = clock.at.replace(minute=35)
    assert main(["--config", str(config(local)), "--now", now(local), "silence", "expire", made["id"]]) == 0
    assert ask("silence", "list")["silences"] == []
    assert [s["state"] for s in ask("silence", "list", "--all")["silences"]] == ["expired"]


def config(local: Local) -> Path:
    """Where the configuration lies."""
    return Path(local.settings.state.removeprefix("sqlite:")).parent / "nephoscope.yaml"


def now(local: Local) -> str:
    """The hub's time."""
    return local.clock.now().isoformat()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["silence", "add", 'model=~".*"', "--for", "1h", "--reason", "x", "--author", "a"], "matches every Alert"),
        (["silence", "add", "a=b", "--for", "40d", "--reason", "x", "--author", "a"], "at most 30 days"),
        (["silence", "add", "a=b", "--for", "soon", "--reason", "x", "--author", "a"], "no duration"),
        (["silence", "add", 'a=~"(x+)+"', "--for", "1h", "--reason", "x", "--author", "a"], "refused"),
        (["silence", "expire", "nothing", "--author", "a"], "cannot be ended"),
        (["alerts", "show", "ffff"], "0 Alerts have a fingerprint"),
        (["alerts", "list", "model"], "is no matcher"),
        (["routes", "test", "severity"], "is no label"),
        (["replay", "ffff"], "0 received Reports"),
        (["redrive", "--channel", "pager"], "has no channel 'pager'"),
    ],
)
def test_bad_input_is_one_sentence(
    local: Local, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """What is wrong and what to do, exit code 2, and nothing on stdout."""
    assert main(["--config", str(config(local)), "--now", now(local), *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "To do:" in told.err
    assert told.err.count("\n") == 1


def test_routes_test_says_where_and_why(ask: Ask) -> None:
    """Each node that was asked with the matcher that decided, and the groups that come of it."""
    low = ask("routes", "test", "check=drift.ks", "dataset=flights", "severity=low")
    assert [(each["route"], each["keeps"]) for each in low["walk"]] == [("route", True), ("route.routes[0]", False)]
    assert low["walk"][1]["why"] == 'severity="high" does not hold: severity is "low"'
    assert low["groups"][0]["group_labels"] == {"about": "flights"}
    high = ask("routes", "test", "check=drift.ks", "severity=high")
    assert high["groups"][0]["route"] == "route.routes[0]"
    assert high["groups"][0]["group_labels"] == {"check": "drift.ks"}


def test_replay_shows_what_would_be_told_and_tells_nobody(ask: Ask, local: Local, tmp_path: Path) -> None:
    """By its run as the log, the ledger or a message has it, or from a file; the records stay as they are."""
    before = list(local.state.list(""))
    known = report(at=local.clock.now(), cloud="local")
    for name in (known.id[:12], f"ledger/2026-06-01/{known.id}.json", known.correlation_id):
        stored = ask("replay", name)
        assert stored["report"] == known.id
        assert stored["findings"] == {"ok": 1, "breach": 1, "unknown": 1}
        assert [m["channel"] for m in stored["messages"]] == ["console"]
    assert f"run {known.correlation_id}" in stored["messages"][0]["text"][-1]
    (tmp_path / "report.json").write_bytes(to_cloudevents(report(breach()))[0])
    assert "flights/dep_delay" in ask("replay", str(tmp_path / "report.json"))["messages"][0]["title"]
    assert list(local.state.list("")) == before


def test_redrive_gives_dead_letters_new_tries(ask: Ask, local: Local) -> None:
    """A poison message is one dead letter with its reason and one Alert; redriven it is tried again, and dies again."""
    local.topic.publish(b"poison", attributes={})
    HubLoop(local).turn()
    assert "hub.dead_letters" in [a["check"] for a in ask("alerts", "list")["alerts"]]
    assert len(ask("redrive", "--dry-run")["letters"]) == 1
    assert main(["--config", str(config(local)), "--now", now(local), "redrive"]) == 0
    assert local.topic.waiting() == 1
    HubLoop(local).turn()
    assert len(local.topic.dead_letters()) == 1


def test_a_run_that_asks_nobody_is_unknown_to_a_gate(
    ask: Ask, capsys: pytest.CaptureFixture[str], local: Local
) -> None:
    """A job for which nothing is configured has seen nothing that is right."""
    assert ask("run", "cost", "--dry-run", "--fail-on", "unknown", code=3)["verdict"] == "unknown"
    assert main(["--config", str(config(local)), "run", "cost", "--dry-run"]) == 0
    assert "Nothing was asked" in capsys.readouterr().out


def test_a_source_that_did_not_answer_is_unknown_to_a_gate(ask: Ask, local: Local, clock: FixedClock) -> None:
    """A roll-up that found nothing bad in what it saw, and did not see all, is not ok; it says what is missing."""
    for body in to_cloudevents(report(at=clock.at, job="cost", cloud="local", scope="bill", interval_seconds=300)):
        local.topic.publish(body, attributes={})
    HubLoop(local).turn()
    seen = ask("run", "rollup", "--dry-run", "--fail-on", "unknown")
    clock.at += timedelta(hours=1)
    late = ask("run", "rollup", "--dry-run", "--fail-on", "unknown", code=3)
    assert (seen["verdict"], late["verdict"]) == ("ok", "unknown")
    assert late["coverage"]["missing"] == ["cost bill on local"]
