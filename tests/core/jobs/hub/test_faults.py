"""Stores that conflict, fail and lie, topics that are away, and three clouds that talk at once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal

import pytest
from fakes.hub import AT_ONCE, START, Hub, blind, breach, ok, report
from hypothesis import given, settings
from hypothesis import strategies as st
from nephoscope import records
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.adapters.local.state import SqliteState
from nephoscope.alerts.routes import Route
from nephoscope.alerts.streams import stream_key, stream_name
from nephoscope.errors import Permanent, Transient
from nephoscope.events import MessageReceived
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import deliver, notify, redrive
from nephoscope.outbox import Outbox
from nephoscope.ports import Lost, State, Version
from nephoscope.report import Report, from_cloudevent, to_cloudevents

MINUTE = timedelta(minutes=1)
MAKE: dict[Verdict, Callable[..., Finding]] = {Verdict.OK: ok, Verdict.BREACH: breach, Verdict.UNKNOWN: blind}


class UnsteadyState:
    """A store under load: some writes lose, some calls fail, some answers are lost after the write was done."""

    def __init__(self, state: State, chance: random.Random, *, conflicts: float, failures: float, lost: float) -> None:
        self._state = state
        self._chance = chance
        self._rates = (conflicts, failures, lost)
        self._lock = Lock()

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        self._fail()
        return self._answered(self._state.create(key, body))

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record."""
        self._fail()
        return self._state.get(key)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Replace a record."""
        self._fail()
        if self._happens(0):
            return Lost.CONFLICT
        return self._answered(self._state.replace(key, version, body))

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """List keys."""
        self._fail()
        return self._state.list(prefix, after=after)

    def _answered(self, answer: Any) -> Any:
        if self._happens(2):
            raise Transient("The answer got lost.")
        return answer

    def _fail(self) -> None:
        if self._happens(1):
            raise Transient("503")

    def _happens(self, which: int) -> bool:
        with self._lock:
            return self._chance.random() < self._rates[which]


def insisted(do: Callable[[], Any]) -> None:
    """As a cloud does: what raised is called again."""
    for _ in range(200):
        try:
            do()
        except Transient:
            continue
        return
    raise AssertionError("not done in 200 tries")


def test_an_unsteady_store_ends_as_a_steady_one(tmp_path: Path) -> None:
    """5 % conflicts, 1 % failures, lost answers, 16 writers: the end state is the serial one's (B7)."""
    chance = random.Random(7)
    reports = [report(breach(f"flights/{n}"), at=START + timedelta(seconds=n), scope=f"s{n % 4}") for n in range(160)]
    steady = Hub()
    for each in reports:
        steady.take_in(each)
    plain = SqliteState(tmp_path / "state.db")
    unsteady = UnsteadyState(plain, chance, conflicts=0.05, failures=0.01, lost=0.02)

    def write(its: list[Report]) -> None:
        for each in its:
            insisted(partial(notify.take_in, each, state=unsteady, now=START, route=AT_ONCE))

    by_scope = [[r for r in reports if r.scope == f"s{n}"] for n in range(4)]
    writers = [Thread(target=write, args=(its,)) for its in by_scope for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    hub = Hub(state=plain)
    assert _facts(hub) == _facts(steady)


def _facts(hub: Hub) -> dict[str, tuple[str, object]]:
    return {name: (str(alert.state), alert.since) for name, alert in hub.alerts().items() if alert.open}


def test_a_store_that_is_down_acknowledges_nothing_and_sends_nothing() -> None:
    """The handler raises, so that the topic keeps the message; once the store is back all is well by itself (B8)."""
    hub = Hub()
    hub.sees(ok("flights/x"))
    state = UnsteadyState(hub.state, random.Random(1), conflicts=0, failures=1, lost=0)
    event = MessageReceived("m", hub.clock.now(), to_cloudevents(report(breach(), at=hub.later(MINUTE)))[0])
    with pytest.raises(Transient):
        notify.run(event, state=state, clock=hub.clock, route=AT_ONCE)
    with pytest.raises(Transient):
        deliver.sweep(replace(hub.desk, state=state))
    assert hub.chat.asked == 0
    notify.run(event, state=hub.state, clock=hub.clock, route=AT_ONCE)
    hub.sweep()
    assert len(hub.chat.got) == 1


def test_one_record_that_cannot_be_read_holds_up_nobody_else() -> None:
    """A group of a later version is left as it is, and said; every other group is told (B19)."""
    hub = Hub(Route(channels=("chat",), group_by=("subject",), group_wait=timedelta(0), group_interval=timedelta(0)))
    hub.sees(breach("flights/a"))
    (key,) = hub.state.list("groups/")
    body, version = hub.state.get(key) or (b"", Version(""))
    newer = body.replace(b'"schema":1', b'"schema":2')
    hub.state.replace(key, version, newer)
    hub.later(MINUTE)
    with pytest.raises(records.NewerRecord, match="schema 2"):
        hub.sees(ok("flights/a"), breach("flights/b"))
    assert hub.chat.told()["flights/b", "firing"] == 1
    assert (hub.state.get(key) or (b"",))[0] == newer
    hub.state.replace(key, (hub.state.get(key) or (b"", Version("")))[1], body)
    hub.sweep()
    assert hub.chat.told()["flights/a", "resolved"] == 1


def test_a_record_that_cannot_be_read_keeps_no_other_from_being_redriven() -> None:
    """What a channel missed is sent again as far as it can be known, and it is said that some of it cannot."""
    hub = Hub()
    hub.chat.always = Permanent("Slack answered 404 'no_service'.", do="make a new webhook")
    for name in ("a", "b", "c"):
        hub.sees(replace(breach(f"{name}/x"), labels={"dataset": name}), scope=name)
    hub.chat.always = None
    key, *_ = hub.state.list("groups/")
    body, version = hub.state.get(key) or (b"", Version(""))
    hub.state.replace(key, version, body.replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(Transient, match=r"2 other messages wait for new tries\. The record 'groups/"):
        redrive.deliveries("chat", hub.desk, dry_run=True)
    with pytest.raises(Transient, match=r"2 other messages get new tries\. The record 'groups/"):
        redrive.deliveries("chat", hub.desk)
    hub.later(MINUTE)
    with suppress(records.NewerRecord):
        hub.sweep()
    assert sum(hub.chat.told().values()) == 2


def dies_over(state: State) -> Hub:
    """A hub whose first channel refuses everything, and half an hour of its sweeps."""
    hub = Hub(state=state, channels=("chat", "mail"))
    hub.chat.always = Permanent("Slack answered 404 'no_service'.", do="make a new webhook")
    hub.take_in(report(breach(), at=hub.clock.now()))
    for _ in range(30):
        with suppress(Transient):
            hub.sweep()
        hub.later(MINUTE)
    return hub


@pytest.mark.parametrize("number", range(12))
def test_a_dead_channel_is_told_of_whichever_write_fails(number: int) -> None:
    """One write that fails, and what the channel missed and that it is dead are told all the same."""

    class FailsOnce(MemoryState):
        written = 0

        def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
            self._count()
            return super().replace(key, version, body)

        def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
            self._count()
            return super().create(key, body)

        def _count(self) -> None:
            self.written += 1
            if self.written == number + 3:  # the Report's own two are the topic's to repeat
                raise Transient("The store answered 503.")

    mail = dies_over(FailsOnce()).channels["mail"].told()
    assert (mail["flights/dep_delay", "firing"], mail["chat", "firing"]) == (1, 1)


def test_a_dead_channels_record_that_cannot_be_read_keeps_nothing_from_its_stand_in() -> None:
    """That the channel is dead cannot be told then; what it missed is."""
    state = MemoryState()
    key = stream_key(stream_name("hub", "local", "channel chat"))
    state.create(key, b'{"schema": 99, "nonce": "", "record": {}}')
    mail = dies_over(state).channels["mail"].told()
    assert mail["flights/dep_delay", "firing"] == 1


class AwayTopic:
    """A topic that is away for a while."""

    def __init__(self) -> None:
        self.away = True
        self.got: list[bytes] = []

    def publish(self, body: bytes, *, attributes: Any) -> None:
        """Take a message, or fail."""
        if self.away:
            raise Transient("The topic does not answer.")
        self.got.append(body)


def test_a_topic_that_is_away_costs_two_minutes_and_no_finding() -> None:
    """Five hundred Findings arise while the topic is away: each is published once when it is back (B6)."""
    from nephoscope.events import TimerFired

    clock = FixedClock(START)
    topic = AwayTopic()
    outbox = Outbox(MemoryState(), topic, clock, "aws")
    for number in range(50):
        clock.at = START + timedelta(seconds=2.4 * number)
        findings = tuple(breach(f"flights/{number}-{n}") for n in range(10))
        with pytest.raises(Transient):
            outbox.publish(TimerFired(f"t{number}", clock.at, "drift"), "drift", "flights", findings)
    clock.at = START + timedelta(seconds=121)
    topic.away = False
    outbox.republish()
    told = [from_cloudevent(body) for body in topic.got]
    assert Counter(f.subject for each in told for f in each.findings) == {
        f"flights/{number}-{n}": 1 for number in range(50) for n in range(10)
    }


CLOUDS = ("aws", "azure", "gcp")
WAITING = Route(channels=("chat",), group_by=("dataset",), group_wait=timedelta(seconds=30))


@st.composite
def three_clouds(draw: st.DrawFn) -> list[Report]:
    """Reports of three clouds about the same tables, each cloud's in its own order."""
    made = []
    for cloud in CLOUDS:
        for minute in range(draw(st.integers(1, 4))):
            columns = draw(st.lists(st.sampled_from("ab"), unique=True, min_size=1))
            seen = [MAKE[draw(st.sampled_from(list(Verdict)))](f"flights/{column}") for column in sorted(columns)]
            made.append(report(*seen, at=START + timedelta(seconds=minute), cloud=cloud))
    return made


def posts(reports: list[Report], *, twice: bool = False) -> Counter[tuple[str, str, str]]:
    """What is told of these Reports in this order: why, the subject, the cloud."""
    hub = Hub(WAITING)
    for each in reports:
        for _ in range(1 + twice):
            hub.take_in(each)
    hub.later(MINUTE)
    hub.sweep()
    hub.later(10 * MINUTE)
    hub.sweep()
    return Counter(
        (str(message.why), item.what, item.where) for message in hub.chat.got for item in message.items if item.news
    )


@settings(deadline=None, max_examples=200)
@given(three_clouds(), st.randoms(use_true_random=False))
def test_any_interleaving_of_three_clouds_tells_the_same(reports: list[Report], chance: random.Random) -> None:
    """However the clouds' Reports mix, and though each comes twice, people are told what one reference tells them."""
    queues = {cloud: [r for r in reports if r.cloud == cloud] for cloud in CLOUDS}
    mixed = []
    while any(queues.values()):
        cloud = chance.choice([name for name, queue in queues.items() if queue])
        mixed.append(queues[cloud].pop(0))
    assert posts(mixed, twice=True) == posts(reports)


def test_a_hanging_channel_delays_nobody_else() -> None:
    """While one channel waits for its own timeout the others are told."""
    from threading import Event

    both = Route(channels=("chat", "mail"), group_wait=timedelta(0))
    hub = Hub(both, channels=("chat", "mail"))
    released = Event()
    hub.channels["chat"].script.append(lambda: bool(released.wait(10)))
    sweeping = Thread(target=hub.sees, args=(breach(),))
    sweeping.start()
    for _ in range(500):
        if hub.channels["mail"].got:
            break
        sweeping.join(0.01)
    mail_was_told = bool(hub.channels["mail"].got) and not hub.channels["chat"].got
    released.set()
    sweeping.join()
    assert mail_was_told
    assert len(hub.channels["chat"].got) == 1


def test_a_clock_that_goes_back_hides_nothing() -> None:
    """Three hours back and forth: what came at the earlier time is told then, once."""
    hub = Hub()
    hub.sees(breach("flights/a"))
    hub.later(timedelta(hours=3))
    hub.sweep()
    hub.later(timedelta(hours=-3))
    hub.sees(breach("scores/b", dataset="scores"), scope="scores")
    hub.later(timedelta(hours=3))
    hub.sweep()
    assert hub.chat.told() == {("flights/a", "firing"): 1, ("scores/b", "firing"): 1}
