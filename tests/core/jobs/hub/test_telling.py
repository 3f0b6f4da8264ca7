"""What people are told, and how often."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.hub import Hub, blind, breach, finding, ok, report
from nephoscope.alerts.groups import Status, Why
from nephoscope.alerts.life import Phase
from nephoscope.alerts.matchers import parse
from nephoscope.alerts.routes import Route
from nephoscope.errors import Permanent, Transient
from nephoscope.findings import Severity, at_most, measured

MINUTE = timedelta(minutes=1)


def test_a_trouble_is_told_once_and_its_end_once() -> None:
    """What goes on is not told again; its end is, with how long it lasted."""
    hub = Hub()
    for seen in (breach(), breach(), ok(), ok()):
        hub.sees(seen)
        hub.later(MINUTE)
    assert [m.why for m in hub.chat.got] == [Why.FIRING, Why.RESOLVED]
    assert "RESOLVED after 2 min" in hub.chat.titles[1]


def test_what_was_never_told_is_not_resolved() -> None:
    """A trouble that is over before the group may speak stays unsaid, its end too."""
    hub = Hub(Route(channels=("chat",), group_wait=5 * MINUTE))
    hub.sees(breach())
    hub.later(MINUTE)
    hub.sees(ok())
    hub.later(10 * MINUTE)
    hub.sweep()
    assert hub.chat.got == []


def test_what_cannot_be_seen_is_told_and_resolves_nothing() -> None:
    """A firing Alert that cannot be looked at is told as blind once, and resolves only by a good value."""
    hub = Hub()
    for seen in (breach(), blind(), blind(), ok()):
        hub.sees(seen)
        hub.later(MINUTE)
    assert [m.why for m in hub.chat.got] == [Why.FIRING, Why.UNKNOWN, Why.RESOLVED]
    assert hub.chat.got[1].items[0].state == "firing"
    assert "The file was cut." in hub.chat.got[1].items[0].reason


def test_a_redelivered_report_tells_nothing() -> None:
    """The same Report ten times, a day later too, is known."""
    hub = Hub()
    first = report(breach(), at=hub.clock.now())
    for _ in range(10):
        hub.take_in(first)
        hub.sweep()
    hub.later(timedelta(days=1))
    told = len(hub.chat.got)
    hub.take_in(first)
    hub.sweep()
    assert (told, [m.why for m in hub.chat.got]) == (1, [Why.FIRING, Why.REPEAT])


def test_a_report_that_comes_again_has_its_group_tell_no_part_of_what_waits() -> None:
    """A group of three tells them together, whichever of them a repeated Report speaks of when its wait is over."""
    hub = Hub(Route(channels=("chat",), group_wait=MINUTE, group_interval=5 * MINUTE))
    came = [report(breach(f"{scope}/a"), at=hub.clock.now(), scope=scope) for scope in ("one", "two", "three")]
    for each in came:
        assert hub.hears(each) == []
    hub.later(2 * MINUTE)
    assert hub.hears(came[0]) == []
    hub.sweep()
    assert [len(message.items) for message in hub.chat.got] == [3]


def test_a_group_that_does_not_wait_speaks_with_the_report() -> None:
    """Nothing waits for a sweep where the configuration waits for nothing."""
    hub = Hub()
    hub.hears(report(breach(), at=hub.clock.now()))
    assert [m.why for m in hub.chat.got] == [Why.FIRING]


def test_an_old_breach_that_comes_after_its_end_tells_nothing() -> None:
    """Reports out of order: what is older than the newest changes nothing."""
    hub = Hub()
    old = report(breach(), at=hub.clock.now())
    hub.later(MINUTE)
    hub.sees(ok())
    hub.take_in(old)
    hub.sweep()
    assert hub.chat.got == []


def test_a_report_from_the_future_keeps_nothing_back() -> None:
    """One whose clock is a month ahead is taken in by the hub's time, once, and so is what comes after it."""
    hub = Hub()
    ahead = report(breach("flights/a"), ok(), at=hub.clock.now() + timedelta(days=30))
    hub.take_in(ahead)
    hub.sweep()
    hub.later(MINUTE)
    limit = replace(at_most(0.1), hold_seconds=600)
    high = measured("drift.ks", "flights/b", 0.2, limit, reason="KS distance 0.2.", labels={"dataset": "flights"})
    hub.sees(ok("flights/a"), high)
    hub.take_in(ahead)
    hub.later(10 * MINUTE)
    hub.sees(ok("flights/a"), high)
    assert hub.chat.titles[0].startswith("FIRING: flights/a")
    assert hub.chat.told() == {
        ("flights/a", "firing"): 1,
        ("flights/a", "resolved"): 1,
        ("flights/b", "firing"): 1,
    }
    assert max(moment.at for alert in hub.alerts().values() for moment in alert.life) <= hub.clock.now()


def test_more_trouble_in_a_group_waits_for_its_interval() -> None:
    """New members of a group that spoke are told together when its interval is over."""
    hub = Hub(Route(channels=("chat",), group_wait=timedelta(0), group_interval=5 * MINUTE))
    hub.sees(breach("flights/a"))
    for column in "bc":
        hub.later(MINUTE)
        hub.sees(*(breach(f"flights/{name}") for name in "ab"[: 1 + (column == "c")]), breach(f"flights/{column}"))
    assert len(hub.chat.got) == 1
    hub.later(3 * MINUTE)
    hub.sweep()
    assert [len(m.items) for m in hub.chat.got] == [1, 3]
    assert sorted(i.what for i in hub.chat.got[1].items if i.news) == ["flights/b", "flights/c"]


def test_severity_up_is_news_and_down_is_not() -> None:
    """An Alert that gets worse is told again; one that gets better while it lasts is not."""
    hub = Hub()
    for severity in (Severity.MEDIUM, Severity.HIGH, Severity.LOW):
        hub.sees(breach(severity=severity))
        hub.later(MINUTE)
    assert [m.why for m in hub.chat.got] == [Why.FIRING, Why.FIRING]


def test_a_repeat_tells_the_newest_value() -> None:
    """What lasts is told again after the repeat interval, as it is then, not as it was when it began."""
    hub = Hub()
    hub.sees(breach(value=0.137))
    hub.later(timedelta(hours=3))
    hub.sees(breach(value=0.21, reason="KS distance 0.21."))
    hub.later(timedelta(hours=1))
    hub.sweep()
    assert [m.why for m in hub.chat.got] == [Why.FIRING, Why.REPEAT]
    assert hub.chat.got[1].items[0].reason == "KS distance 0.21."
    assert hub.chat.got[1].items[0].measured.startswith("0.21")


def test_a_long_trouble_repeats_by_the_clock() -> None:
    """Thirty days at four hours are 180 repeats, though each sweep comes late, and never a new alert."""
    hub = Hub()
    hub.sees(breach())
    late = timedelta(seconds=37)
    for hour in range(30 * 24):
        hub.clock.at = hub.clock.at.replace(minute=30, second=0) + timedelta(hours=1) + late * (hour % 2)
        hub.sweep()
    hub.later(MINUTE)
    hub.sweep()
    assert [m.why for m in hub.chat.got] == [Why.FIRING] + [Why.REPEAT] * 180


def test_a_breach_that_does_not_last_is_not_told() -> None:
    """With `for` at its Limit a breach is pending until it has lasted so long."""
    hub = Hub()
    limit = at_most(0.1)
    held = type(limit)(limit.direction, high=limit.high, hold_seconds=120)

    def seen(value: float) -> None:
        hub.sees(measured("drift.ks", "flights/dep_delay", value, held, reason=f"KS distance {value}."))
        hub.later(MINUTE)

    for value in (0.2, 0.05, 0.2, 0.3, 0.4):
        seen(value)
    assert [(m.why, m.items[0].reason) for m in hub.chat.got] == [(Why.FIRING, "KS distance 0.4.")]
    assert [moment.state for moment in hub.alerts()["drift.ks flights/dep_delay"].life] == [Phase.PENDING, Phase.FIRING]


def test_what_a_complete_report_leaves_out_is_no_longer_watched() -> None:
    """A column that left the configuration resolves, and says why."""
    hub = Hub()
    hub.sees(breach("flights/a"), breach("flights/b"))
    hub.later(MINUTE)
    hub.sees(breach("flights/a"))
    assert hub.chat.got[1].why is Why.RESOLVED
    assert hub.chat.got[1].items[0].reason == "It is no longer watched."


def test_one_model_in_three_clouds_is_one_message() -> None:
    """Accuracy, drift and cost of one model from three clouds come together, grouped by what they are about."""
    hub = Hub(Route(channels=("chat",), group_wait=30 * timedelta(seconds=1)))
    about = {"model": "fraud_detection_v2"}
    for cloud, job, check in (
        ("aws", "monitoring", "monitoring.accuracy"),
        ("azure", "drift", "drift.ks"),
        ("gcp", "cost", "cost.endpoint"),
    ):
        seen = finding(check=check, subject=f"fraud_detection_v2/{check}", **about)
        hub.take_in(report(seen, at=hub.clock.now(), cloud=cloud, job=job, scope="fraud"))
    hub.later(MINUTE)
    hub.sweep()
    assert [len(m.items) for m in hub.chat.got] == [3]
    assert hub.chat.titles[0].startswith("FIRING: 3 alerts of fraud_detection_v2:")


ESCALATING = Route(
    channels=("chat",),
    group_wait=timedelta(0),
    group_interval=timedelta(0),
    routes=(
        Route(
            channels=("pager",),
            group_wait=timedelta(0),
            group_interval=timedelta(0),
            matchers=(parse('severity="high"'),),
            path="route.routes[0]",
        ),
    ),
)


def test_an_alert_that_moves_leaves_its_old_group() -> None:
    """When its severity leads an Alert elsewhere, the old room is told that it moved, and keeps nothing of it."""
    hub = Hub(ESCALATING, channels=("chat", "pager"))
    for severity in (Severity.MEDIUM, Severity.HIGH):
        hub.sees(breach(severity=severity))
        hub.later(MINUTE)
    hub.later(timedelta(hours=5))
    hub.sees(ok(severity=Severity.HIGH))
    assert [m.why for m in hub.channels["chat"].got] == [Why.FIRING, Why.MOVED]
    assert "route.routes[0]" in hub.channels["chat"].got[1].items[0].reason
    assert [m.why for m in hub.channels["pager"].got] == [Why.FIRING, Why.RESOLVED]
    assert all(not group.members for group in hub.groups())


def test_a_channel_that_joins_a_route_hears_only_what_comes_next() -> None:
    """Adding a channel tells nothing anew; it is told the group's next news."""
    hub = Hub(channels=("chat", "mail"))
    hub.sees(breach("flights/a"))
    both = Route(channels=("chat", "mail"), group_wait=timedelta(0), group_interval=timedelta(0))
    second = Hub(both, state=hub.state, channels=("chat", "mail"), settings_hash="second")
    second.clock.at = hub.later(MINUTE)
    second.sweep()
    assert second.channels["mail"].got == second.channels["chat"].got == []
    second.sees(breach("flights/a"), breach("flights/b"))
    assert [len(m.items) for m in second.channels["mail"].got] == [2]


def test_a_route_that_left_the_configuration_leaves_no_alert_behind() -> None:
    """Without its route an Alert is told by the root's, at once, though no Report comes."""
    hub = Hub(ESCALATING, channels=("chat", "pager"))
    hub.sees(breach(severity=Severity.HIGH))
    second = Hub(state=hub.state, settings_hash="second", channels=("chat", "pager"))
    second.clock.at = hub.later(MINUTE)
    second.sweep()
    second.sweep()
    assert [m.why for m in second.channels["chat"].got] == [Why.FIRING]
    assert sum(len(group.members) for group in second.groups()) == 1


def test_a_data_set_that_left_the_configuration_resolves() -> None:
    """What is no longer configured resolves with that reason, though no Report will ever say so."""
    hub = Hub()
    hub.sees(breach())
    second = Hub(state=hub.state, settings_hash="second", watches=lambda about: about.get("scope") != "flights")
    second.clock.at = hub.later(MINUTE)
    second.sweep()
    assert [(m.why, m.items[0].reason) for m in second.chat.got] == [(Why.RESOLVED, "It is no longer watched.")]


@pytest.mark.parametrize("error", [Permanent("Gone.", do="look"), Transient("Down.")])
def test_one_channel_that_fails_repeats_nothing_on_another(error: Exception) -> None:
    """State is kept for each Notification and Channel: the mail is sent once however often the chat is tried."""
    hub = Hub(Route(channels=("chat", "mail"), group_wait=timedelta(0)), channels=("chat", "mail"), fallback=("mail",))
    hub.channels["chat"].always = error
    hub.sees(breach())
    for _ in range(8):
        hub.later(MINUTE)
        hub.sweep()
    about_flights = [m for m in hub.channels["mail"].got if m.items[0].check == "drift.ks"]
    assert [m.why for m in about_flights] == [Why.FIRING]


def test_a_dead_channel_is_told_by_another_and_resolves_when_it_lives() -> None:
    """What a dead channel missed another one tells; that it is dead is an Alert, until it is told again."""
    hub = Hub(channels=("chat", "mail"), fallback=("mail",))
    hub.chat.always = Permanent("Slack answered 404 'no_service'.", do="make a new webhook")
    hub.sees(breach())
    hub.later(MINUTE)
    hub.sweep()
    mail = hub.channels["mail"].got
    assert [m.items[0].check for m in mail] == ["drift.ks", "hub.channel"]
    assert any("'chat' could not be told" in note for note in mail[0].notes)
    assert "no_service" in mail[1].title
    hub.chat.always = None
    hub.later(MINUTE)
    hub.sees(ok())
    hub.later(MINUTE)
    hub.sweep()
    assert hub.alerts()["hub.channel chat"].state is Phase.RESOLVED
    assert mail[-1].why is Why.RESOLVED


def test_news_that_comes_with_word_of_a_dead_channel_is_told_there_too() -> None:
    """Whatever a route groups by, a channel that refused one message hears what comes next."""
    route = Route(channels=("chat", "mail"), group_by=("cloud",), group_wait=timedelta(seconds=30))
    hub = Hub(route, channels=("chat", "mail"), cloud="aws")
    hub.chat.script.append(Permanent("Slack answered 400 'invalid_blocks'.", do="x"))
    hub.take_in(report(breach("flights/a"), at=hub.clock.now(), scope="a"))
    for minute in range(20):
        hub.later(MINUTE)
        if minute == 2:
            hub.take_in(report(breach("flights/b"), at=hub.clock.now(), scope="b"))
        hub.sweep()
    assert [channel.told()["flights/b", "firing"] for channel in hub.channels.values()] == [1, 1]
    assert hub.channels["mail"].told()["chat", "firing"] == 1


def test_a_channel_that_takes_the_next_message_did_not_take_the_last() -> None:
    """One refused and one taken before that is told: that one was refused is an Alert all the same."""
    hub = Hub(Route(channels=("chat",), group_wait=timedelta(seconds=30)), channels=("chat", "mail"))
    hub.chat.script.append(Permanent("Slack answered 400 'invalid_blocks'.", do="x"))
    for name in ("a", "b"):
        hub.take_in(report(finding(subject=f"{name}/x", dataset=name), at=hub.clock.now(), scope=name))
        hub.later(timedelta(seconds=15))
    for _ in range(4):
        hub.later(timedelta(seconds=15))
        hub.sweep()
    assert hub.alerts()["hub.channel chat"].state is Phase.FIRING
    assert hub.channels["mail"].told()["chat", "firing"] == 1


def test_a_channel_that_died_alone_says_so_when_it_lives() -> None:
    """Where no other channel could tell of it, people read in its own room that a message was lost there."""
    hub = Hub()
    hub.chat.script.append(Permanent("Slack answered 400 'invalid_blocks'.", do="x"))
    hub.sees(breach())
    hub.later(MINUTE)
    hub.sweep()
    assert hub.chat.got == []
    hub.sees(breach(), breach("flights/b"))
    hub.later(MINUTE)
    hub.sweep()
    assert [(m.why, m.items[0].check) for m in hub.chat.got] == [
        (Why.FIRING, "drift.ks"),
        (Why.RESOLVED, "hub.channel"),
    ]


def test_a_channel_is_given_up_after_a_day() -> None:
    """A channel that never answers is dead after 24 h or 20 tries, and another one tells."""
    hub = Hub(channels=("chat", "mail"), fallback=("mail",))
    hub.chat.always = Transient("Slack did not answer: TimeoutError.")
    hub.sees(breach())
    for _ in range(26 * 60):
        hub.later(MINUTE)
        hub.sweep()
    assert hub.chat.asked <= 60
    dead = [d for n in hub.notifications() for d in n.deliveries.values() if d.status is Status.DEAD]
    assert dead
    assert dead[0].tries <= 20
    assert any(m.why is Why.FIRING and m.items[0].check == "drift.ks" for m in hub.channels["mail"].got)


def test_a_deleted_channel_is_no_alert() -> None:
    """A message for a channel that left the configuration is told by another, without an Alert for ever."""
    hub = Hub(Route(channels=("chat", "gone"), group_wait=timedelta(0)), channels=("chat",))
    desk_watches = lambda about: about.get("channel") != "gone"  # noqa: E731
    second = Hub(hub.desk.route, state=hub.state, channels=("chat",), watches=desk_watches)
    second.sees(breach())
    second.later(MINUTE)
    second.sweep()
    assert [m.items[0].check for m in second.chat.got] == ["drift.ks"]
    assert "hub.channel gone" not in second.alerts()


def test_send_resolved_is_the_channels_choice() -> None:
    """A channel that does not want to hear of ends is told beginnings only."""
    hub = Hub(
        Route(channels=("chat", "pager"), group_wait=timedelta(0), group_interval=timedelta(0)),
        channels=("chat", "pager"),
        send_resolved={"pager": False},
    )
    hub.sees(breach())
    hub.later(MINUTE)
    hub.sees(ok())
    assert [len(channel.got) for channel in hub.channels.values()] == [2, 1]


def test_a_thread_is_an_episode() -> None:
    """A channel that can thread gets an episode's first receipt with each message that follows, then a new one."""
    hub = Hub()
    for seen in (breach(), ok(), breach()):
        hub.sees(seen)
        hub.later(MINUTE)
    assert [m.thread for m in hub.chat.got] == ["", "room/1", ""]


def test_a_title_counts_the_other_news() -> None:
    """A title names what is worst, and says that there is more."""
    hub = Hub()
    hub.sees(breach("flights/a"), blind("flights/b"), blind("flights/c"))
    assert hub.chat.titles == ["FIRING: 1 alert of flights: a; 2 other news"]
