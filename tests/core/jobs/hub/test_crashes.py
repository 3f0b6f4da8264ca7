"""
The protocol as it is shipped, broken at every single call to the State or a Channel.

A worker dies at its n-th call, before it or just after it; another one finishes. This is the model of
`test_protocol_model.py` run on the code itself, for every n there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from fakes.hub import AT_ONCE, FakeChannel, Hub, breach, ok, report
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.alerts.messages import Message
from nephoscope.errors import Transient
from nephoscope.jobs import deliver, notify
from nephoscope.jobs.desk import Desk
from nephoscope.ports import State

MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """SIGKILL, as far as code can tell: nothing catches it."""


class Steps:
    """Counts a worker's calls to the outside, and kills it at one of them."""

    def __init__(self, kill_at: int | None = None, *, after: bool = False) -> None:
        self.kill_at = kill_at
        self.after = after
        self.trace: list[str] = []

    def call(self, what: str, do: Callable[[], Any]) -> Any:
        """Do one call, unless the worker dies before it; or do it, and die."""
        self.trace.append(what)
        last = len(self.trace) == self.kill_at
        if last and not self.after:
            raise Killed
        answer = do()
        if last:
            raise Killed
        return answer


class SteppedState:
    """A State whose every call is a step."""

    def __init__(self, state: State, steps: Steps) -> None:
        self._state = state
        self._steps = steps

    def create(self, key: str, body: bytes) -> Any:
        """Write a record that must not exist yet."""
        return self._steps.call(f"create {key}", lambda: self._state.create(key, body))

    def get(self, key: str) -> Any:
        """Read a record."""
        return self._steps.call(f"get {key}", lambda: self._state.get(key))

    def replace(self, key: str, version: Any, body: bytes) -> Any:
        """Replace a record."""
        return self._steps.call(f"replace {key}", lambda: self._state.replace(key, version, body))

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """List keys."""
        return iter(self._steps.call(f"list {prefix}", lambda: [*self._state.list(prefix, after=after)]))


class SteppedChannel:
    """A Channel whose every send is a step."""

    def __init__(self, channel: FakeChannel, steps: Steps) -> None:
        self._channel = channel
        self._steps = steps

    def send(self, message: Message) -> str:
        """Send."""
        return str(self._steps.call("send", lambda: self._channel.send(message)))


def life(hub: Hub, steps: Steps) -> None:
    """Something fires and is told; later it resolves and is told: one worker's whole work."""
    state = SteppedState(hub.state, steps)
    desk = replace(hub.desk, state=state, channels={"chat": SteppedChannel(hub.chat, steps)})
    first = report(breach("flights/a"), breach("flights/b"), at=hub.clock.now())
    notify.take_in(first, state=state, now=hub.clock.now(), route=AT_ONCE)
    deliver.sweep(desk)
    second = report(ok("flights/a"), breach("flights/b"), at=hub.clock.now() + MINUTE)
    notify.take_in(second, state=state, now=hub.clock.now(), route=AT_ONCE)
    deliver.sweep(desk)


def finished(hub: Hub) -> FakeChannel:
    """Another worker: the topic delivers again what was not acknowledged, and the sweeps go on."""
    for seen in ((breach("flights/a"), MINUTE * 0), (ok("flights/a"), MINUTE)):
        again = report(seen[0], breach("flights/b"), at=hub.clock.at.replace(minute=30) + seen[1])
        hub.take_in(again)
    for _ in range(8):
        hub.later(MINUTE)
        hub.sweep()
    return hub.chat


def steps_of_a_life() -> list[str]:
    """Every call that a life makes."""
    steps = Steps()
    life(Hub(), steps)
    return steps.trace


TRACE = steps_of_a_life()


def test_the_order_of_the_steps_is_the_one_that_was_checked() -> None:
    """Record, what it says, claim, send, mark; the markers' twins, which are the acknowledgement, last."""
    wanted = ["replace groups/", "send", "replace groups/", "done"]
    for told in (TRACE[: TRACE.index("send") + 20], TRACE[-20:]):
        steps = [_kind(what) for what in told]
        at = steps.index("send")
        assert [step for step in steps[at - 2 :] if step in wanted][:4] == wanted
    kinds = [_kind(what) for what in TRACE]
    assert kinds.index("create streams/") < kinds.index("create due/") < kinds.index("create told/")
    assert kinds.index("create told/") < kinds.index("create groups/") < kinds.index("replace streams/")


def _kind(what: str) -> str:
    return "done" if what.endswith(".done") else what.partition("/")[0] + "/" * ("/" in what)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_loses_nothing(after: bool) -> None:
    """Wherever a worker dies, both news are told; twice only where it died between sending and marking."""
    for number, what in enumerate(TRACE, 1):
        hub = Hub(lease=timedelta(seconds=90))
        with pytest.raises(Killed):
            life(hub, Steps(number, after=after))
        chat = finished(hub)
        told = chat.told()
        assert told["flights/b", "firing"] >= 1, f"lost when killed at {number}: {what}"
        assert min(chat.times.values()) >= 1
        repeated = {m.id for m in chat.got if chat.times[m.id] > 1}
        between = _between_send_and_mark(number, after)
        assert not repeated or between, f"repeated when killed at {number}: {what}"
        assert all(chat.times[name] == 2 for name in repeated)
        assert all(m.retry == 1 for m in chat.got[1:] if m.id in repeated and m is not _first(chat, m.id))
        assert not [n for n in hub.notifications() if not n.finished]


def _first(chat: FakeChannel, name: str) -> Message:
    return next(m for m in chat.got if m.id == name)


def _between_send_and_mark(number: int, after: bool) -> bool:
    """Whether the n-th call lies after a send was made and before its mark was."""
    done = TRACE[: number if after else number - 1]
    sends = [i for i, what in enumerate(done) if what == "send"]
    return bool(sends) and not any(what.startswith("replace groups/") for what in done[sends[-1] + 1 :])


def test_two_workers_at_once_send_once() -> None:
    """A sweep that starts while another one is sending finds the claim, and leaves it."""
    hub = Hub()
    hub.chat.script.append(lambda: deliver.sweep(other))
    other: Desk = replace(hub.desk, worker="other")
    hub.sees(breach())
    hub.sweep()
    assert len(hub.chat.got) == 1


def test_a_worker_frozen_between_claim_and_send_repeats_once_and_says_so() -> None:
    """Ten minutes of sleep in the middle: another one tells it as "retry 1"; the late mark is refused (B11)."""
    hub = Hub(lease=timedelta(minutes=5))
    other = replace(hub.desk, worker="other")

    def sleep() -> None:
        for _ in range(10):
            hub.later(MINUTE)
            deliver.sweep(other)

    hub.chat.script.append(sleep)
    hub.sees(breach())
    assert [m.retry for m in hub.chat.got] == [1, 0]
    (delivery,) = (n.deliveries["chat"] for n in hub.notifications())
    assert (delivery.epoch, delivery.tries) == (2, 2)


@pytest.mark.parametrize("skew", [timedelta(hours=-1), timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_wrong_clock_steals_no_lease(skew: timedelta) -> None:
    """A worker whose clock is wrong by any constant doubts a lease first, and leaves a living owner its time (B10)."""
    hub = Hub(state=MemoryState(), lease=timedelta(minutes=5))
    other = Hub(state=hub.state, lease=timedelta(minutes=5))
    other.channels = hub.channels
    other.desk = replace(other.desk, channels=hub.channels, worker="other")
    other.clock.at = hub.clock.at + skew

    def others_meanwhile() -> None:  # the owner takes twice its timeout of ten seconds
        for _ in range(4):
            other.later(timedelta(seconds=5))
            other.sweep()

    hub.chat.script.append(others_meanwhile)
    hub.sees(breach())
    assert [m.retry for m in hub.chat.got] == [0]


def test_a_late_mark_of_an_older_claim_is_refused() -> None:
    """The first owner wakes while the second one is sending, and fails: its mark says nothing of the second try."""
    hub = Hub(lease=timedelta(minutes=5))
    other = replace(hub.desk, worker="other")
    second_sends, first_is_done = Event(), Event()

    def fail_late() -> None:
        second_sends.wait(5)
        raise Transient("Slack did not answer: TimeoutError.")

    def succeed_later() -> None:
        second_sends.set()
        first_is_done.wait(5)

    hub.chat.script.extend([fail_late, succeed_later])
    first = Thread(target=hub.sees, args=(breach(),))
    first.start()
    while hub.chat.asked < 1:
        first.join(0.01)
    second = Thread(target=lambda: [(hub.later(3 * MINUTE), deliver.sweep(other)) for _ in range(4)])
    second.start()
    first.join()
    first_is_done.set()
    second.join()
    hub.later(timedelta(hours=1))
    hub.sweep()
    assert [m.retry for m in hub.chat.got] == [1]
