"""A hub over any State, with Channels that count what they got, and Reports to feed it with."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from nephoscope import records
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.alerts.groups import Group, Notification
from nephoscope.alerts.life import Alert
from nephoscope.alerts.messages import Message
from nephoscope.alerts.routes import Route
from nephoscope.events import MessageReceived, stable_id
from nephoscope.findings import Finding, Severity, Verdict
from nephoscope.jobs import deliver, notify
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.send import Told
from nephoscope.ports import State
from nephoscope.report import Part, Report, to_cloudevents

START = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
AT_ONCE = Route(channels=("chat",), group_wait=timedelta(0), group_interval=timedelta(0))


@dataclass
class FakeChannel:
    """Accepts what it is sent, unless the script says what to raise; remembers everything."""

    script: deque[Exception | Callable[[], object] | None] = field(default_factory=deque)
    always: Exception | None = None
    got: list[Message] = field(default_factory=list)
    asked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Message) -> str:
        """Accept a Message or raise what the script says."""
        with self.lock:
            self.asked += 1
            step = self.script.popleft() if self.script else self.always
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step()
        with self.lock:
            self.got.append(message)
        return f"room/{len(self.got)}"

    @property
    def titles(self) -> list[str]:
        """What was told, in order."""
        return [message.title for message in self.got]

    @property
    def times(self) -> Counter[str]:
        """How often each delivery id came."""
        return Counter(message.id for message in self.got)

    def told(self) -> Counter[tuple[str, str]]:
        """How often each subject was news in each state."""
        return Counter((item.what, item.state) for message in self.got for item in message.items if item.news)


class Hub:
    """The jobs of the hub over one State, told the time by a test."""

    def __init__(
        self,
        route: Route = AT_ONCE,
        *,
        state: State | None = None,
        channels: Iterable[str] = ("chat",),
        clock: FixedClock | None = None,
        **rules: object,
    ) -> None:
        self.clock = clock or FixedClock(START)
        self.state = state if state is not None else MemoryState()
        self.channels = {name: FakeChannel() for name in channels}
        self.desk = Desk(self.state, self.clock, route, self.channels, **rules)  # type: ignore[arg-type]

    @property
    def chat(self) -> FakeChannel:
        """The first Channel."""
        return next(iter(self.channels.values()))

    def later(self, span: timedelta) -> datetime:
        """Move the clock."""
        self.clock.at += span
        return self.clock.at

    def take_in(self, report: Report) -> None:
        """A Report comes out of the topic."""
        notify.take_in(report, state=self.state, now=self.clock.now(), route=self.desk.route, memory=self.desk.memory)

    def hears(self, report: Report) -> list[Told]:
        """A Report is delivered to a deployed hub."""
        (body,) = to_cloudevents(report)
        event = MessageReceived(report.id, self.clock.now(), body)
        _, markers = notify.run(event, state=self.state, clock=self.clock, route=self.desk.route)
        return deliver.flush(markers, self.desk)

    def sweep(self) -> list[Told]:
        """One round."""
        return deliver.sweep(self.desk)

    def sees(self, *findings: Finding, scope: str = "flights", **about: object) -> list[Told]:
        """A Report comes, and a round is made."""
        self.take_in(report(*findings, at=self.clock.now(), scope=scope, **about))
        return self.sweep()

    def alerts(self) -> dict[str, Alert]:
        """Every Alert, by check and subject."""
        its = [alert for stream in self.desk.each_stream() for alert in stream.alerts.values()]
        return {f"{alert.check} {alert.subject}": alert for alert in its}

    def groups(self) -> list[Group]:
        """Every group on record."""
        found = (records.read(self.state, key, Group) for key in self.state.list("groups/"))
        return [group for group in found if group is not None]

    def notifications(self) -> list[Notification]:
        """Every Notification on record."""
        return [n for group in self.groups() for n in (*group.closed, *group.open)]


def report(
    *findings: Finding,
    at: datetime = START,
    job: str = "drift",
    cloud: str = "aws",
    scope: str = "flights",
    event: str = "",
    interval_seconds: float | None = None,
    part: Part | None = None,
) -> Report:
    """A Report of these Findings."""
    event_id = event or f"{job} {cloud} {scope} {at.isoformat()}"
    return Report(
        stable_id(event_id, job),
        job,
        cloud,
        scope,
        at,
        event_id,
        stable_id(event_id)[:16],
        findings,
        interval_seconds=interval_seconds,
        part=part or Part(),
        evidence_url=f"ledger/{at:%Y-%m-%d}/{stable_id(event_id)}.json",
    )


def finding(
    verdict: Verdict = Verdict.BREACH,
    subject: str = "flights/dep_delay",
    *,
    check: str = "drift.ks",
    severity: Severity = Severity.MEDIUM,
    value: float | None = 0.137,
    reason: str = "KS distance 0.137 to the baseline, at most 0.1 was expected.",
    **labels: str,
) -> Finding:
    """A Finding about a column."""
    return Finding(
        check,
        subject,
        verdict,
        reason,
        value=None if verdict is Verdict.UNKNOWN else value,
        severity=severity,
        labels={"dataset": "flights", **labels},
    )


def breach(subject: str = "flights/dep_delay", **about: object) -> Finding:
    """Something is wrong."""
    return finding(Verdict.BREACH, subject, **about)  # type: ignore[arg-type]


def ok(subject: str = "flights/dep_delay", **about: object) -> Finding:
    """Everything is well."""
    return finding(Verdict.OK, subject, **({"value": 0.02} | about))  # type: ignore[arg-type]


def blind(subject: str = "flights/dep_delay", **about: object) -> Finding:
    """It could not be looked at."""
    return finding(Verdict.UNKNOWN, subject, **({"reason": "The file was cut."} | about))  # type: ignore[arg-type]
