"""A check that stops, and a Report that does not come whole, are unknown: never fine."""

from datetime import timedelta

from fakes.hub import Hub, breach, ok, report
from nephoscope.alerts.groups import Why
from nephoscope.alerts.life import Phase
from nephoscope.alerts.streams import Expected
from nephoscope.report import Part

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
