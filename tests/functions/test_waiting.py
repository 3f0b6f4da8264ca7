"""What a deployed function cannot do now waits for it: no mistake in its settings acknowledges an Event."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.hub import breach, report
from fakes.scripted_http import Answer, serving
from nephoscope import settings
from nephoscope.errors import BadSettings, Transient
from nephoscope.events import MessageReceived, TimerFired
from nephoscope.report import to_cloudevents
from nephoscope.wiring import function as wiring

TWO_CHANNELS = """\
version: 1
stores: {aws: "s3://records/x"}
hub: aws
state: "s3://records/hub"
topic: "sns:arn:aws:sns:eu-central-1:123456789012:t"
datasets: {flights: {objects: "s3://landed/flights"}}
channels: {room: {type: slack, url: "env:ROOM_URL"}, pager: {type: webhook, url: "env:PAGER_URL"}}
route: {channels: [room, pager], group_wait: 0s, group_interval: 0s}
dead_man: {url: "env:PING_URL"}
"""


@pytest.fixture
def two_channels(cloud):
    """A hub with a room, a pager and a dead-man switch."""
    (cloud.folder / "nephoscope.yaml").write_text(TWO_CHANNELS)
    (cloud.folder / "nephoscope.json").write_bytes(settings.stage(cloud.folder / "nephoscope.yaml"))
    return wiring.Function(cloud, cloud.folder)


def told_of_a_breach(function, subject="flights/dep_delay"):
    """The hub takes a Report in."""
    (body,) = to_cloudevents(report(breach(subject), at=datetime.now(UTC), cloud="aws", scope="flights"))
    function.take_in(lambda: [MessageReceived("m", datetime.now(UTC), body)])


def test_a_secret_that_is_gone_silences_its_own_channel_alone(two_channels, monkeypatch):
    """The others are told, and told of that channel as well; with its secret back it is told again."""
    with serving(lambda *_: Answer()) as service:
        monkeypatch.setenv("PAGER_URL", f"{service.url}/pager")
        told_of_a_breach(two_channels)
        two_channels.sweep()
        assert {path for path, _ in service.requests} == {"/pager"}
        assert all(told in str(service.requests) for told in ("flights/dep_delay", "hub.channel"))
        monkeypatch.setenv("ROOM_URL", f"{service.url}/room")
        told_of_a_breach(two_channels, "flights/arr_delay")
        assert "/room" in [path for path, _ in service.requests]


def test_a_hub_whose_channels_are_all_closed_fails_its_round(two_channels):
    """Nobody would be told: what is due waits, and the function's error says why."""
    with pytest.raises(BadSettings, match="cannot be read"):
        two_channels.sweep()


def test_a_missing_dead_man_secret_stops_no_round(two_channels, monkeypatch, caplog):
    """Reports are published and Messages told; the log says why the switch was not."""
    with serving(lambda *_: Answer()) as service:
        monkeypatch.setenv("PAGER_URL", f"{service.url}/pager")
        two_channels.sweep()
        assert "/ping" not in [path for path, _ in service.requests]
        assert any("PING_URL" in str(getattr(line, "facts", "")) for line in caplog.records)


def test_a_mistake_that_a_job_finds_leaves_its_event_in_the_queue(cloud):
    """What the configuration lacks is seen when the job first asks for it: the Event comes again until it is right."""
    function = wiring.Function(cloud, cloud.folder)
    slot = TimerFired("t", datetime(2026, 11, 24, 6, tzinfo=UTC), "monitoring")
    with pytest.raises(Transient, match="metric_stores"):
        function.take("monitoring", lambda: [slot])


def test_no_host_ends_a_function_before_its_reader():
    """What reads a table ends first, on Azure too: its verdict is written down, and the table is not read again."""
    host = json.loads((Path(__file__).parents[2] / "functions" / "azure" / "host.json").read_text())
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    limit = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    assert limit >= wiring.READ_SECONDS + 60
