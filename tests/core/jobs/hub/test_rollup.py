"""What the hub judges of all clouds together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from fakes.hub import Hub, ok, report
from nephoscope.events import MessageReceived, TimerFired
from nephoscope.findings import Finding, Verdict, unknown
from nephoscope.jobs import notify, rollup
from nephoscope.jobs.rollup import Newest
from nephoscope.outbox import Outbox
from nephoscope.report import to_cloudevents


class Nobody:
    """A topic that keeps nothing."""

    def publish(self, body: bytes, *, attributes: object) -> None:
        """Take it."""


def arrive(hub: Hub, cloud: str, readings: dict[str, str] | None = None, **about: object) -> None:
    """A bill's Report comes in as the topic brings it."""
    made = report(ok(check="cost.budget"), at=hub.clock.now(), job="cost", cloud=cloud, scope="bill", **about)
    for body in to_cloudevents(replace(made, readings=readings or {})):
        event = MessageReceived("m", hub.clock.now(), body)
        notify.run(event, state=hub.state, clock=hub.clock, route=hub.desk.route)


def clouds_known(newest: Sequence[Newest]) -> list[Finding]:
    """A check: each cloud is known, or it is not, and why."""
    return [
        unknown("rollup.known", each.cloud, reason=each.unknown)
        if not each.known
        else Finding("rollup.known", each.cloud, Verdict.OK, f"{len(each.findings)} findings")
        for each in newest
    ]


def test_a_cloud_that_is_late_is_unknown() -> None:
    """Of three clouds' newest Reports one is older than two intervals: it is not counted, and the coverage says so."""
    hub = Hub()
    arrive(hub, "gcp", interval_seconds=600)
    hub.later(timedelta(minutes=21))
    arrive(hub, "aws", interval_seconds=600)
    arrive(hub, "azure", interval_seconds=600)
    outbox = Outbox(hub.state, Nobody(), hub.clock, "local")
    event = TimerFired("t", hub.clock.now(), "rollup")
    made = rollup.run(event, desk=hub.desk, outbox=outbox, checks=[clouds_known])
    assert {f.subject: str(f.verdict) for f in made.findings} == {"aws": "ok", "azure": "ok", "gcp": "unknown"}
    assert str(made.coverage) == "2 of 3 sources answered (missing: cost bill on gcp)"
    assert rollup.run(event, desk=hub.desk, outbox=outbox, checks=[clouds_known]) == made


def test_only_the_newest_report_counts() -> None:
    """An older Report that comes late changes nothing."""
    hub = Hub()
    arrive(hub, "aws")
    first = rollup.newest(hub.desk, now=hub.clock.now())
    hub.later(timedelta(minutes=1))
    arrive(hub, "aws")
    second = rollup.newest(hub.desk, now=hub.clock.now())
    assert [len(each) for each in (first, second)] == [1, 1]
    assert second[0].at > first[0].at
    assert len(second[0].findings) == 1


def test_readings_that_came_in_parts_count_together() -> None:
    """A month of thousands of models is more than one message holds: every check sees all of it."""
    hub = Hub()
    readings = {f"predictions/model_{number:04}/aws": "1234567.125" for number in range(2_000)}
    arrive(hub, "aws", readings=readings)
    (told,) = rollup.newest(hub.desk, now=hub.clock.now())
    assert told.readings == readings
