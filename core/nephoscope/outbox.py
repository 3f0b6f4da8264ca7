"""
The ledger that is the outbox: what a run found is written down before it is told, so that nothing found can be lost.

    ledger/<day of the Event>/<run id>.json         the record of the run, create-only
    ledger/<day of the Event>/<run id>.published    the topic has the Report, create-only
    ledger/late/<day of writing>/<day of the Event>~<run id>    it came when its day was over; `.done` once it is told

The run's id is a hash of the Event's id and the job: a repeated Event finds its record and tells that again, if it was
not told yet, instead of running anew. What a dead function left untold, `republish` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nephoscope import records
from nephoscope.errors import Transient
from nephoscope.events import Event, stable_id
from nephoscope.findings import Finding
from nephoscope.ports import Clock, Lost, State, Topic
from nephoscope.report import Coverage, Report, to_cloudevents

PREFIX = "ledger/"
LATE = "ledger/late/"
DONE = ".done"
WATERMARK = "sweep/ledger.json"
LOOK_BACK = timedelta(days=1)  # a run may begin before midnight and end after it


class Untellable(Transient):
    """A Report that stands on record and fits into no message."""


@dataclass(frozen=True, slots=True)
class Run:
    """One record of the ledger: what set a job off, what it read, what it found and how long it took."""

    report: Report
    event: Mapping[str, str]  # the Event's kind, id, time and object or schedule
    inputs: Mapping[str, str] = field(default_factory=dict)  # what was read, by name, with its version
    baseline: str = ""  # the version it was compared with
    duration_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Watermark:
    """The oldest day that may hold a Report which was not published."""

    day: date


@dataclass(frozen=True, slots=True)
class Outbox:
    """
    Writes down, then tells. `cloud` and `settings_hash` are stamped on every Report; on every Finding the model that
    its subject belongs to, where `models` has one, so that what several jobs find out about one model is told together.
    """

    ledger: State
    topic: Topic
    clock: Clock
    cloud: str
    settings_hash: str = ""
    models: Mapping[str, str] = field(default_factory=dict)  # "drift/transactions" → the model

    def told(self, event: Event, job: str) -> Report | None:
        """The Report of an Event that was handled before, told again if it was not told yet; None for a new one."""
        run = records.read(self.ledger, _key(event, job), Run)
        if run is None:
            return None
        self._tell(run.report, _key(event, job))
        return run.report

    def publish(
        self,
        event: Event,
        job: str,
        scope: str,
        findings: tuple[Finding, ...],
        *,
        coverage: Coverage | None = None,
        readings: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        baseline: str = "",
        interval_seconds: float | None = None,
        duration_seconds: float = 0.0,
    ) -> Report:
        """
        Write a run into the ledger, then publish its Report.

        Returns:
            The Report that stands: this one, or the one that another worker wrote first for the same Event.

        Raises:
            Transient: The ledger or the topic does not answer; in the second case the record stands and `republish`
                tells it.
        """
        key = _key(event, job)
        report = Report(
            id=run_id(event, job),
            job=job,
            cloud=self.cloud,
            scope=scope,
            at=event.at,
            event_id=event.id,
            correlation_id=correlation_id(event),
            findings=tuple(map(self._of_its_model, findings)),
            coverage=coverage or Coverage(1, 1),
            readings=readings or {},
            interval_seconds=interval_seconds,
            settings_hash=self.settings_hash,
            evidence_url=key,
        )
        run = Run(report, _facts(event), inputs or {}, baseline, duration_seconds)
        self._note_if_late(event, job)
        if self.ledger.create(key, records.encode(run)) is not Lost.EXISTS:
            self._send(report, key)  # nobody can have told a record that was not there
            return report
        first = records.read(self.ledger, key, Run)
        report = first.report if first else report
        self._tell(report, key)
        return report

    def republish(self) -> list[Report]:
        """
        Publish every Report that is written down and was not told; one that cannot be holds up no other.

        Returns:
            Those that were published now.

        Raises:
            NewerRecord: A record cannot be read; raised after all others had their turn.
            Untellable: A Report fits into no message; the same.
        """
        now = self.clock.now().astimezone(UTC)
        mark = records.read(self.ledger, WATERMARK, _Watermark)
        since = mark.day if mark else (now - LOOK_BACK).date()
        published: list[Report] = []
        failures: list[tuple[date, Transient]] = []
        for day in [since + timedelta(days=n) for n in range((now.date() - since).days + 1)]:
            late = self._late(day)
            for key in [*self.untold(day), *late]:
                try:
                    published += self._retold(key, late.get(key))
                except Transient as error:
                    failures.append((day, error))
        reached = min([(now - LOOK_BACK).date(), *(day for day, _ in failures)])
        records.change(
            self.ledger,
            WATERMARK,
            _Watermark,
            lambda old: old if old is not None and old.day == reached else _Watermark(reached),
        )
        if untellable := [error for _, error in failures if isinstance(error, Untellable | records.NewerRecord)]:
            raise untellable[0]
        return published

    def _retold(self, key: str, note: str | None) -> list[Report]:
        """Tell a record's Report, if there is one and nobody told it; its note is done with where somebody did."""
        run = records.read(self.ledger, key, Run)
        if run is None:
            return []
        try:
            told = self._tell(run.report, key)
        except ValueError as error:
            raise Untellable(
                f"The Report of '{key}' fits into no message: {error}.", do="look at the record"
            ) from error
        if note is not None:
            self.ledger.create(note + DONE, b"")
        return [run.report] if told else []

    def runs(self, day: date) -> Iterator[Run]:
        """The records of one day, in no particular order."""
        for key in self.ledger.list(f"{PREFIX}{day.isoformat()}/"):
            if key.endswith(".json") and (run := records.read(self.ledger, key, Run)) is not None:
                yield run

    def untold(self, day: date) -> list[str]:
        """The records of one day whose Reports the topic does not have yet."""
        keys = set(self.ledger.list(f"{PREFIX}{day.isoformat()}/"))
        return sorted(key for key in keys if key.endswith(".json") and _published(key) not in keys)

    def _note_if_late(self, event: Event, job: str) -> None:
        """Have `republish` look at the record of an Event whose day it may have left behind: it may come weeks late."""
        now, day = self.clock.now().astimezone(UTC), event.at.astimezone(UTC).date()
        if day < (now - LOOK_BACK).date():
            self.ledger.create(f"{LATE}{now.date().isoformat()}/{day.isoformat()}~{run_id(event, job)}", b"")

    def _late(self, day: date) -> dict[str, str]:
        """The records of what came late on a day, as far as nobody is done with them, each with its note."""
        notes = set(self.ledger.list(f"{LATE}{day.isoformat()}/"))
        left = sorted(note for note in notes if not note.endswith(DONE) and note + DONE not in notes)
        return {f"{PREFIX}{note.rpartition('/')[2].replace('~', '/')}.json": note for note in left}

    def _of_its_model(self, finding: Finding) -> Finding:
        family, thing = finding.check.partition(".")[0], finding.subject.partition("/")[0]
        model = self.models.get(f"{family}/{thing}")
        return finding if model is None else replace(finding, labels={"model": model, **finding.labels})

    def _tell(self, report: Report, key: str) -> bool:
        """Publish a Report, if nobody did; whether it was done now."""
        if self.ledger.get(_published(key)) is not None:
            return False
        self._send(report, key)
        return True

    def _send(self, report: Report, key: str) -> None:
        for body in to_cloudevents(report):
            self.topic.publish(body, attributes={"id": report.id, "correlationid": report.correlation_id})
        self.ledger.create(_published(key), b"{}")


def run_id(event: Event, job: str) -> str:
    """The identity of one job's run for one Event, the same on every redelivery."""
    return stable_id(event.id, job)


def correlation_id(event: Event) -> str:
    """What every log line, Report and Message that comes of an Event carries."""
    return stable_id("correlation", event.id)[:16]


def _key(event: Event, job: str) -> str:
    return f"{PREFIX}{event.at.astimezone(UTC).date().isoformat()}/{run_id(event, job)}.json"


def _published(key: str) -> str:
    return key.removesuffix(".json") + ".published"


def _facts(event: Event) -> dict[str, str]:
    at: datetime = event.at
    facts = {"kind": type(event).__name__, "id": event.id, "at": at.astimezone(UTC).isoformat()}
    if (written := getattr(event, "object", None)) is not None:
        facts |= {"object": written.url, "version": written.version}
    if schedule := getattr(event, "schedule", ""):
        facts["schedule"] = schedule
    return facts
