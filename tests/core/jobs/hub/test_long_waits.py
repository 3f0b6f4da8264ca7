"""What is due in weeks is told in weeks, and no one Channel, value or configuration keeps it back for ever."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest
from fakes.hub import AT_ONCE, START, Hub, breach, finding, ok, report
from nephoscope.adapters.channels.answers import refused
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.alerts.groups import Status, Why
from nephoscope.alerts.intervals import Interval
from nephoscope.alerts.silences import silence
from nephoscope.errors import Transient
from nephoscope.jobs import hush
from nephoscope.ports import Lost, Version

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Forgetful(MemoryState):
    """A store whose lifecycle deletes markers a week after they were made, as the deployed ones do."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self._clock = clock
        self._born: dict[str, datetime] = {}

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record, and when."""
        self._born.setdefault(key, self._clock.now())
        return super().create(key, body)

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """The keys, without those of old markers."""
        week_ago = self._clock.now() - 7 * DAY
        keys = super().list(prefix, after=after)
        return (key for key in keys if not (key.startswith("due/") and self._born[key] < week_ago))


@pytest.fixture
def hub() -> Hub:
    """A hub over such a store."""
    clock = FixedClock(START)
    return Hub(state=Forgetful(clock), clock=clock)


def days(hub: Hub, count: int) -> None:
    """Sweep each six hours, for so many days."""
    for _ in range(count * 4):
        hub.later(timedelta(hours=6))
        hub.sweep()


@pytest.mark.parametrize("length", [3, 10, 29])
def test_a_silence_ends_however_long_it_was(hub: Hub, length: int) -> None:
    """What began in it is told at its end, though markers are deleted after a week."""
    whole = silence(['dataset="flights"'], author="ada", reason="move", starts=START, ends=START + length * DAY)
    hush.add(whole, hub.desk)
    hub.sees(breach())
    days(hub, length - 1)
    assert Why.FIRING not in {message.why for message in hub.chat.got}
    days(hub, 2)
    assert [message.why for message in hub.chat.got].count(Why.FIRING) == 1


@pytest.mark.parametrize("interval", [1, 7, 30])
def test_a_job_that_stops_is_missed_however_seldom_it_runs(hub: Hub, interval: int) -> None:
    """Two intervals without a Report, of a monthly job too, are told."""
    hub.sees(ok(), interval_seconds=interval * 86_400)
    days(hub, 2 * interval - 1)
    assert hub.chat.got == []
    days(hub, 2)
    assert [message.why for message in hub.chat.got].count(Why.UNKNOWN) == 1


@pytest.mark.parametrize("length", [10, 20, 30])
def test_what_resolved_in_a_silence_is_told_at_its_end(length: int) -> None:
    """Nothing that was told of stays open for people because a silence was long."""
    hub = Hub()
    hub.sees(breach())
    hub.later(HOUR)
    start = hub.clock.now()
    hush.add(
        silence(['dataset="flights"'], author="ada", reason="move", starts=start, ends=start + length * DAY), hub.desk
    )
    for _ in range(length + 1):
        hub.sees(ok())
        hub.later(DAY)
    assert [message.why for message in hub.chat.got if message.why is not Why.NOTICE] == [Why.FIRING, Why.RESOLVED]


def test_a_silence_that_is_taken_out_of_the_configuration_is_over() -> None:
    """What it kept back is told by the first sweep without it; the same of an interval in which nothing was told."""
    held = silence(['dataset="flights"'], author="ada", reason="move", starts=START - HOUR, ends=START + 29 * DAY)
    silenced = Hub(silences=(held,), settings_hash="1")
    frozen = Hub(
        replace(AT_ONCE, mute_time_intervals=("freeze",)),
        time_intervals={"freeze": (Interval(months=((11, 12),)),)},
        settings_hash="1",
    )
    for hub in (silenced, frozen):
        hub.sees(breach())
        assert Why.FIRING not in {message.why for message in hub.chat.got}
        hub.desk = replace(hub.desk, route=AT_ONCE, silences=(), time_intervals={}, settings_hash="2")
        hub.later(HOUR)
        hub.sweep()
        assert [message.why for message in hub.chat.got if message.why is not Why.NOTICE] == [Why.FIRING]


@pytest.mark.parametrize("wait", ["1795845114", "1795845114000", "inf", "1e400"])
def test_no_answer_mutes_a_channel_for_years(wait: str) -> None:
    """A Retry-After that is a time, or nonsense, holds for two hours at most."""
    hub = Hub()
    hub.chat.script.append(refused("Slack", 429, "", {"Retry-After": wait}, do="wait"))
    hub.sees(breach())
    hub.later(2 * HOUR + timedelta(minutes=1))
    hub.sweep()
    assert [message.why for message in hub.chat.got] == [Why.FIRING]


def test_a_channel_with_a_mistake_of_its_own_is_told_elsewhere() -> None:
    """What it raises is none of our errors: tries are counted, then its stand-in tells, and nothing else stops."""

    class Broken:
        def send(self, message: object) -> str:
            raise ZeroDivisionError("a secret")

    hub = Hub(channels=("chat", "mail"))
    hub.desk.channels["chat"] = Broken()  # type: ignore[index]
    hub.sees(breach())
    for _ in range(30):
        hub.later(HOUR)
        hub.sweep()
    told = [delivery for each in hub.notifications() for delivery in each.deliveries.values()]
    assert Status.DEAD in {delivery.status for delivery in told}
    assert Why.FIRING in {message.why for message in hub.channels["mail"].got}
    assert not any("a secret" in delivery.error for delivery in told)


def test_who_stands_in_has_a_day_of_its_own() -> None:
    """What a dead room could not be told in a day is not given up at the stand-in's first hiccup."""
    hub = Hub(channels=("chat", "mail"))
    hub.chat.always = Transient("The room does not answer.")
    hub.channels["mail"].script += [Transient("Later."), Transient("Later.")]
    hub.sees(breach())
    for _ in range(30):
        hub.later(HOUR)
        hub.sweep()
    assert hub.channels["mail"].told()["flights/dep_delay", "firing"] == 1


def test_one_hiccup_after_a_long_wait_is_no_dead_channel() -> None:
    """What waited for two days behind another one of its group is tried more than once."""
    hub = Hub(give_up_after=3 * DAY, most_tries=1_000)
    hub.chat.always = Transient("The room does not answer.")
    hub.sees(breach())
    hub.later(HOUR)
    hub.sees(ok())
    for _ in range(100):
        hub.later(HOUR)
        if hub.notifications()[0].finished:
            break
        hub.sweep()
    hub.chat.always = None
    hub.chat.script.append(Transient("Once more."))
    for _ in range(3):
        hub.later(HOUR)
        hub.sweep()
    assert Why.RESOLVED in {message.why for message in hub.chat.got}


def test_a_channel_that_is_down_for_days_is_tried_as_often_as_configured() -> None:
    """A hundred tries in a week, as `delivery` may ask for: the waits grow to two hours and no further."""
    hub = Hub(channels=("chat", "mail"), give_up_after=7 * DAY, most_tries=100)
    hub.chat.always = Transient("The room does not answer.")
    hub.sees(breach())
    for _ in range(7 * 24):
        hub.later(HOUR)
        hub.sweep()
    assert hub.chat.asked > 50
    hub.later(3 * HOUR)
    hub.sweep()
    assert hub.channels["mail"].told()["flights/dep_delay", "firing"] == 1


def test_a_message_that_cannot_be_made_keeps_nobody_else_from_being_told() -> None:
    """Whatever is raised while it is made costs it a try, until it is given up; what was raised is not told."""

    def runbook(labels: Mapping[str, str]) -> str:
        if labels["dataset"] == "scores":
            raise ZeroDivisionError("a secret")
        return ""

    hub = Hub(runbook=runbook)
    hub.sees(finding(subject="scores/a", dataset="scores"), breach())
    for _ in range(30):
        hub.later(HOUR)
        hub.sweep()
    assert hub.chat.told() == {("flights/dep_delay", "firing"): 1}
    told = [delivery for each in hub.notifications() for delivery in each.deliveries.values()]
    assert {Status.SENT, Status.DEAD} <= {delivery.status for delivery in told}
    assert not any("a secret" in delivery.error for delivery in told)


def test_values_as_far_apart_as_numbers_go_are_told() -> None:
    """A row of bars is drawn between the least and the greatest number there is."""
    hub = Hub()
    hub.sees(breach(value=-1.7e308))
    hub.later(HOUR)
    hub.sees(breach(value=1.7e308), breach("flights/arr_delay"))
    assert [message.why for message in hub.chat.got] == [Why.FIRING, Why.FIRING]


def test_the_greatest_number_leaves_its_stream_readable() -> None:
    """A sentinel that rounds to infinity is told, and its stream takes the next Report."""
    hub = Hub()
    hub.sees(replace(breach(), value=1.7976931348623157e308))
    hub.later(HOUR)
    hub.sees(ok())
    assert [message.why for message in hub.chat.got] == [Why.FIRING, Why.RESOLVED]


class Interrupted(MemoryState):
    """A store in which something happens just before a stream is written over, once."""

    before = staticmethod(lambda: None)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Let it happen, then write."""
        if key.startswith("streams/"):
            happen, self.before = self.before, lambda: None
            happen()
        return super().replace(key, version, body)


@pytest.mark.parametrize("number", range(20))
def test_what_resolves_while_its_group_speaks_is_told_soon(number: int) -> None:
    """A Report between the group's look and its end is told by the next sweep, not by the next repeat hours later."""
    one, other = f"flights/a{number}", f"flights/b{number}"
    state = Interrupted()
    hub = Hub(state=state)
    hub.take_in(report(breach(one), breach(other), at=hub.clock.now()))
    over = report(breach(one), ok(other), at=hub.clock.now() + timedelta(seconds=1))
    state.before = lambda: hub.take_in(over)
    for _ in range(3):
        hub.later(timedelta(minutes=1))
        hub.sweep()
    assert hub.chat.told()[other, "resolved"] == 1
