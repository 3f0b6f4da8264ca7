"""A check that stops, and a Report that does not come whole, are unknown: never fine."""

from datetime import UTC, datetime, timedelta

from fakes.hub import Hub, breach, ok, report
from nephoscope.alerts.groups import Why
from nephoscope.alerts.life import Phase
from nephoscope.alerts.streams import Expected
from nephoscope.events import ObjectRef, ObjectWritten, TimerFired
from nephoscope.report import Part
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.timers import next_due_seconds

MINUTE = timedelta(minutes=1)
BEAT = "hub.heartbeat drift of flights"


def each_minute(hub: Hub, minutes: int) -> None:
    """Time passes, with a sweep each minute."""
    for _ in range(minutes):
        hub.later(MINUTE)
        hub.sweep()


def test_a_check_that_stops_is_unknown_within_two_intervals_and_a_minute() -> None:
    """Two intervals and a minute after its last Report the stream is unknown, and it resolves by itself."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=300)
    each_minute(hub, 9)
    assert BEAT not in hub.alerts()
    each_minute(hub, 2)
    assert hub.alerts()[BEAT].state is Phase.UNKNOWN
    each_minute(hub, 1)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN]
    assert "2026-11-24 06:30" in hub.chat.got[0].items[0].reason
    hub.sees(ok(), interval_seconds=300)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN, Why.RESOLVED]
    each_minute(hub, 12)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN, Why.RESOLVED, Why.UNKNOWN]


def test_a_check_that_keeps_its_interval_is_never_late() -> None:
    """A day of Reports every five minutes tells nothing."""
    hub = Hub()
    for _ in range(24 * 12):
        hub.sees(ok(), interval_seconds=300)
        each_minute(hub, 5)
    assert hub.chat.got == []


def test_what_fires_in_a_stream_that_stopped_is_blind() -> None:
    """The last breach stays firing, and says that it can no longer be seen."""
    hub = Hub()
    hub.sees(breach(), interval_seconds=60)
    each_minute(hub, 4)
    alert = hub.alerts()["drift.ks flights/dep_delay"]
    assert (alert.state, bool(alert.blind)) == (Phase.FIRING, True)
    hub.sees(breach(), interval_seconds=60)
    assert hub.alerts()["drift.ks flights/dep_delay"].blind == ""


def test_a_report_without_an_interval_is_not_awaited() -> None:
    """A file lands when it lands."""
    hub = Hub()
    hub.sees(ok())
    hub.later(timedelta(days=3))
    hub.sweep()
    assert hub.chat.got == []


def test_nothing_is_unwatched_before_all_parts_came() -> None:
    """A Report in parts speaks of its subjects together: what the second part names was never gone."""
    hub = Hub()
    hub.sees(breach("flights/a"), breach("flights/b"))
    at = hub.later(MINUTE)
    hub.take_in(report(breach("flights/a"), at=at, part=Part(1, 2)))
    hub.sweep()
    assert [m.why for m in hub.chat.got] == [Why.FIRING]
    hub.take_in(report(breach("flights/c"), at=at, part=Part(2, 2)))
    hub.sweep()
    news = [(item.what, item.state) for item in hub.chat.got[1].items if item.news]
    assert sorted(news) == [("flights/b", "resolved"), ("flights/c", "firing")]


def test_a_part_that_stays_away_is_unknown() -> None:
    """Reports whose second part never comes are no heartbeat, however many first parts do."""
    hub = Hub()
    for minute in range(4):
        first = report(ok(), at=hub.clock.now(), part=Part(1, 2), interval_seconds=60)
        hub.take_in(first)
        each_minute(hub, 1)
        assert (BEAT in hub.alerts()) is (minute >= 1)
    assert "Only 1 of 2 parts" in hub.alerts()[BEAT].reason


def test_a_timer_that_never_fired_is_unknown_within_two_intervals() -> None:
    """A job that the configuration runs each five minutes and that never reports is told until its first Report."""
    hub = Hub(expected=lambda _: [Expected("drift", "aws", "flights", 300)])
    hub.sweep()
    each_minute(hub, 9)
    assert hub.chat.got == []
    each_minute(hub, 2)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN]
    assert "No Report ever came; since 2026-11-24 06:30 UTC one is due" in hub.chat.got[0].items[0].reason
    hub.sees(breach(), interval_seconds=300)
    assert [m.why for m in hub.chat.got][1:] == [Why.FIRING]
    assert hub.alerts()[BEAT].state is Phase.RESOLVED


def test_a_new_timer_awaits_what_was_run_by_hand() -> None:
    """A stream that only people made come is awaited once a timer is to make it come."""
    hub = Hub()
    hub.sees(ok())
    second = Hub(state=hub.state, settings_hash="second", expected=lambda _: [Expected("drift", "aws", "flights", 300)])
    second.clock.at = hub.later(timedelta(days=3))
    second.sweep()
    each_minute(second, 9)
    assert second.chat.got == []
    each_minute(second, 2)
    assert [m.why for m in second.chat.got] == [Why.UNKNOWN]


def test_a_timer_that_left_the_configuration_is_not_awaited() -> None:
    """Without its timer a stream is awaited no more, and that it was late resolves."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=60)
    each_minute(hub, 3)
    second = Hub(state=hub.state, settings_hash="second", watches=lambda about: about.get("check") != "hub.heartbeat")
    second.clock.at = hub.clock.at
    each_minute(second, 10)
    assert [(m.why, m.items[0].reason) for m in second.chat.got] == [(Why.RESOLVED, "It is no longer watched.")]


def test_a_run_by_hand_leaves_the_timer_awaited() -> None:
    """Whoever runs a job whose timer is dead hears of the timer again, two intervals later."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=300)
    each_minute(hub, 12)
    hub.sees(ok())
    assert hub.alerts()[BEAT].state is Phase.RESOLVED
    each_minute(hub, 11)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN, Why.RESOLVED, Why.UNKNOWN]


def test_a_job_that_dies_in_the_morning_is_missed_in_the_morning() -> None:
    """After a weekend without slots two intervals of the day are over before noon, not days later."""
    timers = Configuration(version=1, timers={"monitoring": "*/5 8-18 * * 1-5"})
    hub = Hub()
    friday, monday = datetime(2026, 11, 27, 18, 55, tzinfo=UTC), datetime(2026, 11, 30, 8, tzinfo=UTC)
    for at in (friday, monday, monday + 5 * MINUTE):
        while hub.clock.at < at:
            hub.later(min(5 * MINUTE, at - hub.clock.at))
            hub.sweep()
        assert BEAT not in hub.alerts()
        hub.sees(ok(), interval_seconds=next_due_seconds(timers, "monitoring", TimerFired("t", at, "monitoring")))
    each_minute(hub, 9)
    assert BEAT not in hub.alerts()
    each_minute(hub, 2)
    assert hub.alerts()[BEAT].state is Phase.UNKNOWN


def test_what_lands_just_before_a_slot_is_no_reason_to_miss_the_slot() -> None:
    """A file that lands a minute before the hour is followed by the run of the hour, however long that takes."""
    hourly = Configuration(version=1, timers={"features": "0 * * * *"})
    hub = Hub()
    at = hub.clock.at = datetime(2026, 11, 24, 6, 59, tzinfo=UTC)
    landed = ObjectWritten("o", at, ObjectRef("aws", "b", "k", "1", 1))
    hub.sees(ok(), interval_seconds=next_due_seconds(hourly, "features", landed))
    each_minute(hub, 30)
    assert hub.chat.got == []
    each_minute(hub, 32)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN]


def test_the_first_part_of_a_report_makes_nothing_late() -> None:
    """A shorter interval counts from the whole Report on that brings it, not from the one before."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=86_400)
    at = hub.later(timedelta(hours=20))
    hub.take_in(report(ok(), at=at, part=Part(1, 2), interval_seconds=300))
    each_minute(hub, 3)
    hub.take_in(report(at=at, part=Part(2, 2), interval_seconds=300))
    each_minute(hub, 9)
    assert hub.chat.got == []
    each_minute(hub, 2)
    assert [m.why for m in hub.chat.got] == [Why.UNKNOWN]


def reconfigured(hub: Hub, interval_seconds: float) -> Hub:
    """The hub after its timer was set to another interval."""
    expected = [Expected("drift", "aws", "flights", interval_seconds)]
    second = Hub(state=hub.state, settings_hash="second", expected=lambda _: expected)
    second.clock.at = hub.clock.at
    return second


def test_a_timer_that_was_slowed_is_not_late() -> None:
    """From each minute to each hour: nothing is missed in the first hour."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=60)
    second = reconfigured(hub, 3600)
    each_minute(second, 119)
    assert second.chat.got == []
    each_minute(second, 2)
    assert [m.why for m in second.chat.got] == [Why.UNKNOWN]


def test_a_timer_that_was_quickened_is_awaited_from_then_on() -> None:
    """From each day to each five minutes: what does not come is missed in ten minutes, and not at once."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=86_400)
    hub.later(timedelta(hours=20))
    second = reconfigured(hub, 300)
    each_minute(second, 9)
    assert second.chat.got == []
    each_minute(second, 2)
    assert [m.why for m in second.chat.got] == [Why.UNKNOWN]


def test_what_is_late_stays_so_under_a_slower_timer() -> None:
    """No change of the configuration makes a stream known of which nothing came."""
    hub = Hub()
    hub.sees(ok(), interval_seconds=60)
    each_minute(hub, 3)
    second = reconfigured(hub, 86_400)
    each_minute(second, 10)
    (stream,) = second.desk.each_stream()
    assert second.alerts()[BEAT].state is Phase.UNKNOWN
    assert stream.late_at is not None
    assert stream.late_at < second.clock.now()
