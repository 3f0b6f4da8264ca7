"""What is not told: silences, inhibition, mute times; and what people are told of that."""

from contextlib import suppress
from datetime import timedelta
from typing import Literal

import pytest
from fakes.hub import AT_ONCE, Hub, breach, finding, ok, report
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.alerts.groups import Why
from nephoscope.alerts.inhibition import InhibitRule
from nephoscope.alerts.intervals import Interval, time_range
from nephoscope.alerts.matchers import parse
from nephoscope.alerts.routes import Route
from nephoscope.alerts.silences import Silence, silence
from nephoscope.errors import BadUsage, Permanent, Transient
from nephoscope.jobs import hush
from nephoscope.ports import Lost, Version

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def hushed(hub: Hub, *matchers: str, hours: float = 2) -> Silence:
    """Somebody silences something from now on."""
    now = hub.clock.now()
    made = silence(
        matchers or ['dataset="flights"'], author="ada", reason="moving house", starts=now, ends=now + hours * HOUR
    )
    hush.add(made, hub.desk)
    return made


def titles(hub: Hub) -> list[str]:
    """What was told, by its first words."""
    return [title.partition(":")[0] for title in hub.chat.titles]


def test_a_silence_is_told_and_keeps_back_what_it_covers() -> None:
    """Its author, reason and end are told at once; what it covers is not, and what began in it is told when it ends."""
    hub = Hub()
    hushed(hub)
    hub.sweep()
    assert "moving house" in hub.chat.got[0].notes[0]
    assert "ada" in hub.chat.got[0].notes[0]
    hub.later(MINUTE)
    hub.sees(breach(), finding(subject="scores/a", dataset="scores"))
    assert [item.what for item in hub.chat.got[1].items] == ["scores/a"]
    hub.later(2 * HOUR)
    hub.sweep()
    hub.sweep()
    assert titles(hub) == ["Silenced", "FIRING", "Silence ended", "FIRING"]
    assert hub.chat.got[-1].items[0].what == "flights/dep_delay"


def test_the_end_of_a_told_trouble_waits_for_the_silence() -> None:
    """What was told before the silence and ended in it is told to have ended when the silence is over."""
    hub = Hub()
    hub.sees(breach())
    hushed(hub)
    hub.later(MINUTE)
    hub.sees(ok())
    assert titles(hub) == ["FIRING", "Silenced"]
    hub.later(2 * HOUR)
    hub.sweep()
    hub.sweep()
    assert titles(hub)[2:] == ["Silence ended", "RESOLVED after 1 min"]


def test_a_silence_ended_early_is_told_once() -> None:
    """Ending a silence is told with who did it; its planned end then says nothing."""
    hub = Hub()
    made = hushed(hub)
    hub.sees(breach())
    hub.later(MINUTE)
    hush.expire(made.id, "bob", hub.desk)
    hub.sweep()
    hub.sweep()
    assert titles(hub) == ["Silenced", "Silence ended early, by bob", "FIRING"]
    hub.later(3 * HOUR)
    hub.sweep()
    assert hush.expire(made.id, "carol", hub.desk).expired_by == "bob"
    hub.sweep()
    assert len(hub.chat.got) == 3


def test_a_silence_that_is_over_cannot_be_ended() -> None:
    """Nor one that was never made."""
    hub = Hub()
    made = hushed(hub)
    hub.later(3 * HOUR)
    with pytest.raises(BadUsage, match="it is over"):
        hush.expire(made.id, "bob", hub.desk)
    with pytest.raises(BadUsage, match="there is none"):
        hush.expire("nothing", "bob", hub.desk)


class FailsOnce(MemoryState):
    """A store that refuses one write: the so-manieth from when it was told to."""

    left = -1

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record, or fail."""
        self._count()
        return super().create(key, body)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record over, or fail."""
        self._count()
        return super().replace(key, version, body)

    def _count(self) -> None:
        self.left -= 1
        if self.left == -1:
            raise Transient("The store answered 503.")


@pytest.mark.parametrize("write", range(7))
def test_no_silence_is_kept_in_secret(write: int) -> None:
    """Whichever write of its making fails, either nothing is silenced or a minute later people know."""
    state = FailsOnce()
    hub = Hub(state=state)
    state.left = write
    with suppress(Transient):
        hushed(hub, hours=48)
    state.left = -1
    hub.later(MINUTE)
    hub.sees(breach())
    silenced = bool(hub.desk.all_silences())
    assert titles(hub) == (["Silenced"] if silenced else ["FIRING"])
    for _ in range(49):
        hub.later(HOUR)
        hub.sweep()
    assert titles(hub).count("FIRING") == 1


@pytest.mark.parametrize("write", range(2))
@pytest.mark.parametrize("wait", [MINUTE, 5 * HOUR])
def test_ending_a_silence_can_be_repeated(write: int, wait: timedelta) -> None:
    """Whichever of its writes fails, and whenever the command is given again, what it held back is told then."""
    state = FailsOnce()
    hub = Hub(state=state)
    made = hushed(hub, hours=24 * 20)
    hub.sees(breach())
    state.left = write
    with pytest.raises(Transient):
        hush.expire(made.id, "ada", hub.desk)
    hub.later(wait)
    hub.sweep()
    hush.expire(made.id, "ada", hub.desk)
    hub.later(MINUTE)
    hub.sweep()
    hub.sweep()
    assert titles(hub)[-2:] == ["Silence ended early, by ada", "FIRING"]


def test_each_day_says_what_is_still_silenced() -> None:
    """While a silence lasts, one line each morning; afterwards none."""
    hub = Hub()
    hushed(hub, hours=48)
    for _ in range(24 * 4):
        hub.later(HOUR)
        hub.sweep()
    assert titles(hub) == ["Silenced", "Still silenced", "Still silenced", "Silence ended"]
    assert hub.chat.titles[1] == "Still silenced: 1 silence"


def test_a_configured_silence_holds_and_its_end_is_told() -> None:
    """A silence in the configuration needs no command, and is told like any other."""
    hub = Hub()
    now = hub.clock.now()
    made = silence(['dataset="flights"'], author="ada", reason="move", starts=now, ends=now + HOUR)
    hub = Hub(state=hub.state, silences=(made,))
    hub.sees(breach())
    assert titles(hub) == ["Silenced"]
    hub.later(2 * HOUR)
    hub.sweep()
    hub.sweep()
    assert titles(hub) == ["Silenced", "Silence ended", "FIRING"]


def test_a_silence_planned_in_the_configuration_is_told_when_it_starts_and_each_morning() -> None:
    """Once, however often the configuration changes elsewhere."""
    hub = Hub()
    starts = hub.clock.now() + 36 * HOUR
    made = silence(['dataset="flights"'], author="ada", reason="move", starts=starts, ends=starts + 48 * HOUR)
    for n in range(24 * 5):
        changed = Hub(state=hub.state, clock=hub.clock, silences=(made,), settings_hash=f"{n // 6}")
        changed.desk.channels["chat"] = hub.chat  # type: ignore[index]
        changed.sweep()
        hub.later(HOUR)
    assert titles(hub) == ["Silenced", "Still silenced", "Still silenced", "Silence ended"]


@pytest.mark.parametrize(
    ("matchers", "hours", "author", "why"),
    [
        ([], 1, "ada", "matches every Alert"),
        (['model=~".*"'], 1, "ada", "matches every Alert"),
        (['model=""'], 1, "ada", "matches every Alert"),
        (['model!="a"'], 1, "ada", "matches every Alert"),
        (['model=~".+"'], 1, "ada", "matches every Alert"),
        (['model="a"'], 24 * 31, "ada", "at most 30 days"),
        (['model="a"'], 0, "ada", "ends after it starts"),
        (['model="a"'], 1, " ", "author"),
        (['model=~"(a+)+"'], 1, "ada", "refused"),
    ],
)
def test_a_silence_that_could_hide_everything_is_refused(
    matchers: list[str], hours: float, author: str, why: str
) -> None:
    """A silence names what it silences, who wants it and when it ends."""
    now = Hub().clock.now()
    with pytest.raises(ValueError, match=why):
        silence(matchers, author=author, reason="because", starts=now, ends=now + hours * HOUR)


TABLE_FIRST = InhibitRule((parse('check="drift.table"'),), (parse('check=~"drift.*"'),), ("dataset",))


def test_what_follows_from_another_alert_is_kept_back() -> None:
    """While the table cannot be trusted its columns are not told; when it can again, they are."""
    hub = Hub(inhibit_rules=(TABLE_FIRST,))
    table = finding(check="drift.table", subject="flights", reason="No rows.")
    other = finding(subject="scores/a", dataset="scores")
    hub.sees(table, breach(), other)
    assert sorted(item.what for m in hub.chat.got for item in m.items) == ["flights", "scores/a"]
    assert any("1 more is silenced or inhibited" in note for m in hub.chat.got for note in m.notes)
    hub.later(MINUTE)
    hub.sees(finding(check="drift.table", subject="flights", verdict=ok().verdict), breach(), other)
    hub.later(MINUTE)
    hub.sweep()
    assert hub.chat.told()["flights/dep_delay", "firing"] == 1


NIGHT = Interval(times=(time_range("00:00", "08:00"),))


def test_a_muted_route_speaks_when_the_interval_is_over() -> None:
    """At night nothing is told; in the morning what is still open is, once."""
    waiting = Route(
        channels=("chat",), group_wait=timedelta(0), group_interval=timedelta(0), mute_time_intervals=("night",)
    )
    hub = Hub(waiting, time_intervals={"night": (NIGHT,)})
    hub.sees(breach("flights/a"), breach("flights/b"))
    hub.later(MINUTE)
    hub.sees(breach("flights/a"), ok("flights/b"))
    assert hub.chat.got == []
    hub.clock.at = hub.clock.at.replace(hour=8, minute=0)
    hub.sweep()
    assert [(m.why, [i.what for i in m.items]) for m in hub.chat.got] == [(Why.FIRING, ["flights/a"])]


def test_silences_keep_no_record_back() -> None:
    """A silenced Alert lives its whole life on record."""
    hub = Hub(AT_ONCE)
    hushed(hub)
    hub.take_in(report(breach(), at=hub.clock.now()))
    hub.later(MINUTE)
    hub.sees(ok())
    assert [str(m.state) for m in hub.alerts()["drift.ks flights/dep_delay"].life] == ["firing", "resolved"]


def test_a_silence_stops_the_repeats() -> None:
    """What was told before the silence is not repeated in it, and goes on being repeated after it."""
    hub = Hub()
    hub.sees(breach())
    hushed(hub, hours=9)
    for _ in range(10):
        hub.later(HOUR)
        hub.sweep()
    assert titles(hub) == ["FIRING", "Silenced", "Still silenced", "Silence ended", "STILL OPEN"]


def test_a_silence_that_cannot_be_read_keeps_nothing_back() -> None:
    """People are told rather too much than nothing at all."""
    hub = Hub()
    hub.state.create("silences/later.json", b'{"schema": 2, "nonce": "", "record": {}}')
    hub.sees(breach())
    assert [message.why for message in hub.chat.got] == [Why.FIRING]


def test_a_notice_is_taken_over_by_people() -> None:
    """A dead room's word that somebody made a silence goes to who reads it, not to a machine that drops it."""
    hub = Hub(channels=("chat", "pager", "mail"), machines=frozenset({"pager"}))
    hub.chat.always = Permanent("The room is archived.", do="name another")
    hushed(hub, hours=9)
    for _ in range(3):
        hub.sweep()
        hub.later(timedelta(minutes=2))
    assert Why.NOTICE in {message.why for message in hub.channels["mail"].got}
    assert Why.NOTICE not in {message.why for message in hub.channels["pager"].got}
