"""
What a deployed function runs with, whichever cloud it is in.

Nothing is opened at import: each part is opened when a job first asks for it, and stays open while the process is
warm. The jobs are imported then as well, so that a function which compares no tables never loads numpy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import UNSET

from nephoscope import settings as configuration
from nephoscope.errors import BadPayload, BadSettings, Transient, Unauthorised
from nephoscope.events import Event, MessageReceived, ObjectWritten, TimerFired
from nephoscope.outbox import Outbox
from nephoscope.payloads.reading import Read
from nephoscope.report import Report
from nephoscope.settings import Settings
from nephoscope.settings.belonging import models_of
from nephoscope.wiring.entry import Entry
from nephoscope.wiring.topics import Home, topic

if TYPE_CHECKING:
    from nephoscope.baselines import StoredBaselines
    from nephoscope.jobs.desk import Desk
    from nephoscope.jobs.pace import Pace
    from nephoscope.parts import StoredParts
    from nephoscope.ports import Advice, Bills, Clock, Deliveries, Metrics, Objects, State, Tables, Topic
    from nephoscope.wiring.dead_man import DeadMan
    from nephoscope.wiring.features import FeatureStore

CONFIG_VARIABLE = "NEPHOSCOPE_CONFIG"
STAGED_CONFIG = "nephoscope.json"
RESERVED_BYTES = 256 * 1024 * 1024  # of a function's memory, for itself: what reads a table gets the rest
ONE_READER = Lock()  # requests that come at once to a cold container start one child, not one each
READ_SECONDS = 420.0  # for one table: what reads it ends before the function does (600 s, 540 s in Google Cloud)

E = TypeVar("E", ObjectWritten, TimerFired, MessageReceived)


class Cloud(Home, Protocol):
    """What differs from cloud to cloud."""

    secrets: str  # the scheme of its secrets in the configuration, such as "aws-sm"

    @property
    def objects(self) -> Objects:
        """The objects of its buckets."""
        ...

    def state(self, url: str) -> State:
        """A store in it."""
        ...

    def secret(self, name: str) -> str:
        """A secret of its secret manager."""
        ...


@dataclass(frozen=True)
class Function:
    """The jobs, each with the adapters of one cloud."""

    cloud: Cloud
    folder: Path  # of the handler, where the staged configuration lies

    @classmethod
    def beside(cls, handler: str, cloud: Cloud) -> Function:
        """The function whose handler is this file."""
        return cls(cloud, Path(handler).resolve().parent)

    def take(self, job: str, read: Callable[[], Iterable[Read]]) -> None:
        """
        Run a job for every Event of a payload.

        Raises:
            Exception: What was not permanent; the cloud delivers the payload again.
        """
        work = _JOBS[job]
        with Entry(self.cloud.name).opening(job):
            entry, _ = self.entry, self.outbox  # a mistake in the settings fails the delivery: no Event is lost to it

        def waiting(event: Event) -> Report:
            try:
                return work(self, event)
            except BadSettings as error:  # found only now, such as a secret that is not set
                raise Transient(error.what, do=error.do) from error

        entry.each(job, read, waiting)

    def take_in(self, read: Callable[[], Iterable[Read]]) -> None:
        """
        In the hub: take every Report of a payload in, and tell its news to the groups that wait for nothing.

        Raises:
            Exception: What was not permanent, or a mistake in the settings; the cloud delivers the payload again.
        """
        from nephoscope.jobs import deliver, notify

        with Entry(self.cloud.name).opening("notify"):
            entry, desk = self.entry, self.desk

        def work(event: Event) -> Report:
            message = _as(MessageReceived, event)
            report, markers = notify.run(
                message, state=desk.state, clock=desk.clock, route=desk.route, memory=desk.memory
            )
            deliver.flush(markers, desk)
            return report

        entry.each("notify", read, work)

    def turn_away(self, error: Unauthorised | BadPayload) -> None:
        """In the hub: log who may not come in, or what nobody can read; nothing is opened for them."""
        Entry(self.cloud.name).turn_away("notify", error)

    def sweep(self) -> None:
        """
        Publish every Report that was not; in the hub, tell what is due as well.

        Raises:
            NephoscopeError: Something does not answer; the next sweep goes on from there.
        """
        from nephoscope.jobs import sweep

        with Entry(self.cloud.name).opening(sweep.JOB):
            entry, outbox, desk = self.entry, self.outbox, self.desk if self.is_hub else None
            ping, pace = self.dead_man.tell if self.is_hub else None, self.pace
        entry.turn(sweep.JOB, lambda: sweep.run(outbox=outbox, pace=pace, desk=desk, ping=ping))

    def end_quiet_periods(self) -> None:
        """
        Judge the tables in parts whose last part landed long enough ago.

        Raises:
            NephoscopeError: Something does not answer; the next timer goes on from there.
        """
        from nephoscope.jobs import drift

        with Entry(self.cloud.name).opening(drift.JOB):
            entry, now, outbox, settings = self.entry, self.clock.now(), self.outbox, self.settings
            baselines, parts = self.baselines, self.parts
        entry.turn(
            drift.JOB,
            lambda: list(drift.run_quiet(now, baselines=baselines, outbox=outbox, settings=settings, parts=parts)),
        )

    @cached_property
    def settings(self) -> Settings:
        """
        The configuration that was staged beside the handler.

        Raises:
            BadSettings: There is none, or it is none.
        """
        path = self.folder / os.environ.get(CONFIG_VARIABLE, STAGED_CONFIG)
        if not path.is_file():
            raise BadSettings(f"There is no configuration '{path}'.", do="stage the function with its configuration")
        return configuration.loads_json(path.read_bytes(), path.parent)

    @cached_property
    def entry(self) -> Entry:
        """What runs the jobs."""
        return Entry(self.cloud.name, self.settings.hash)

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock."""
        from nephoscope.adapters.local.clock import SystemClock

        return SystemClock()

    @cached_property
    def ledger(self) -> State:
        """This cloud's own records: its ledger and its Baselines."""
        url = self.settings.stores.get(self.cloud.name)  # type: ignore[call-overload]
        if url is None:
            raise BadSettings(
                f"The configuration has no store for '{self.cloud.name}'.", do=f"add stores.{self.cloud.name}"
            )
        return self.cloud.state(url)

    @cached_property
    def state(self) -> State:
        """The hub's records."""
        return self.cloud.state(self.settings.state)

    @cached_property
    def topic(self) -> Topic:
        """The one topic, whichever cloud it is in."""
        return topic(self.settings.topic, self.cloud)

    @cached_property
    def outbox(self) -> Outbox:
        """The ledger and the topic."""
        settings = self.settings
        return Outbox(self.ledger, self.topic, self.clock, self.cloud.name, settings.hash, models_of(settings))

    @cached_property
    def pace(self) -> Pace:
        """How often the ledger is looked through for what was not published."""
        from nephoscope.jobs.pace import Pace

        return Pace(self.clock)

    @property
    def tables(self) -> Tables:
        """Tables in this cloud's objects, each read by a child process that a hostile file may take down."""
        with ONE_READER:
            return self._tables

    @cached_property
    def _tables(self) -> Tables:
        from nephoscope.adapters.files.fetched import FetchedTables
        from nephoscope.adapters.files.isolated import Caps, IsolatedTables
        from nephoscope.adapters.files.limits import FUNCTION, memory_of_this_machine

        reader = IsolatedTables(Caps(memory_of_this_machine() - RESERVED_BYTES, READ_SECONDS, limits=FUNCTION))
        reader.start()
        return FetchedTables(self.cloud.objects, reader)

    @cached_property
    def baselines(self) -> StoredBaselines:
        """The stored Baselines."""
        from nephoscope.baselines import StoredBaselines

        return StoredBaselines(self.ledger, self.clock)

    @cached_property
    def parts(self) -> StoredParts:
        """The parts of tables that have not landed whole."""
        from nephoscope.parts import StoredParts

        return StoredParts(self.ledger)

    @cached_property
    def metrics(self) -> Mapping[str, Metrics]:
        """This cloud's own metric store; none where the configuration names none."""
        name = self.cloud.name
        return {} if getattr(self.settings.metric_stores, name) is UNSET else {name: self.metric_store}

    @cached_property
    def metric_store(self) -> Metrics:
        """
        This cloud's own metric store.

        Raises:
            BadSettings: The configuration names none.
        """
        from nephoscope.wiring.metrics import metric_store

        return metric_store(self.cloud.name, self.settings, self.clock)

    @cached_property
    def bills(self) -> Mapping[str, Bills]:
        """This cloud's own billing API; none where the configuration names none."""
        from nephoscope.settings.spending import clouds_with_bills
        from nephoscope.wiring.bills import bills

        name = self.cloud.name
        return {name: bills(name, self.settings, self.clock)} if name in clouds_with_bills(self.settings) else {}

    @cached_property
    def advice(self) -> Mapping[str, Advice]:
        """What this cloud itself recommends; none where the configuration does not ask for it."""
        from nephoscope.wiring.bills import advice

        found = advice(self.cloud.name, self.settings)
        return {} if found is None else {self.cloud.name: found}

    @cached_property
    def deliveries(self) -> Deliveries:
        """Exported bills in this cloud's objects."""
        from nephoscope.adapters.files.bills.delivered import FetchedDeliveries

        return FetchedDeliveries(self.cloud.objects)

    @cached_property
    def features(self) -> FeatureStore:
        """The feature store's parts in this cloud."""
        from nephoscope.wiring.features import FeatureStore

        def own(name: str) -> Cloud:
            if name == self.cloud.name:
                return self.cloud
            raise BadSettings(
                f"A function in {self.cloud.name} reads nothing in {name}.",
                do=f"name a place of its own under features.sources.{self.cloud.name}",
            )

        return FeatureStore(self.settings, self.clock, self.ledger, self.secret, own, only=self.cloud.name)

    @cached_property
    def desk(self) -> Desk:
        """What the hub tells people with."""
        from nephoscope.wiring.channels import each_by_itself
        from nephoscope.wiring.hub import desk

        return desk(self.settings, self.state, self.clock, each_by_itself(self.settings, self.secret))

    @cached_property
    def dead_man(self) -> DeadMan:
        """Who notices when the hub is dead."""
        from nephoscope.wiring.dead_man import DeadMan

        return DeadMan.of(self.settings, self.clock, self.secret)

    @property
    def is_hub(self) -> bool:
        """Whether the Alerts are kept here."""
        return self.settings.hub == self.cloud.name

    def secret(self, reference: str) -> str:
        """
        What a reference in the configuration stands for.

        Raises:
            BadSettings: The variable is not set, or another cloud has the secret.
            Transient: The secret manager does not answer.
        """
        scheme, _, name = reference.partition(":")
        if scheme == self.cloud.secrets:
            return self.cloud.secret(name)
        value = os.environ.get(name) if scheme == "env" else None
        if not value:
            raise BadSettings(
                f"The secret '{reference}' cannot be read in {self.cloud.name}.",
                do=f"keep it where the hub is: {self.cloud.secrets}:NAME, or set the variable of env:NAME",
            )
        return value


def _drift(function: Function, event: Event) -> Report:
    from nephoscope.jobs import drift

    return drift.run(
        _as(ObjectWritten, event),
        tables=function.tables,
        baselines=function.baselines,
        outbox=function.outbox,
        settings=function.settings,
        parts=function.parts,
    )


def _cost(function: Function, event: Event) -> Report:
    from nephoscope.jobs import cost

    if isinstance(event, ObjectWritten):
        return cost.run_on_delivery(
            event,
            deliveries=function.deliveries,
            outbox=function.outbox,
            settings=function.settings,
            bills=function.bills,
        )
    return cost.run(
        _as(TimerFired, event),
        bills=function.bills,
        outbox=function.outbox,
        settings=function.settings,
        stores=function.metrics,
        advice=function.advice,
    )


def _features(function: Function, event: Event) -> Report:
    from nephoscope.jobs import features
    from nephoscope.settings.timers import next_due_seconds

    store = replace(function.features)  # a registry that was applied meanwhile counts
    happened = event if isinstance(event, ObjectWritten) else _as(TimerFired, event)
    return features.run(
        happened,
        clouds=store.each_cloud,
        views=store.views,
        outbox=function.outbox,
        clock=function.clock,
        settings=store.written,
        landed=store.landed(happened),
        interval_seconds=next_due_seconds(function.settings, "features", happened),
    )


def _rollup(function: Function, event: Event) -> Report:
    from nephoscope.jobs import rollup
    from nephoscope.jobs.bill_rollup import bill_check
    from nephoscope.jobs.feature_rollup import feature_check
    from nephoscope.jobs.model_rollup import model_check
    from nephoscope.settings.timers import next_due_seconds
    from nephoscope.wiring.hub import desk

    fired, written = _as(TimerFired, event), function.settings
    checks = (bill_check(written, fired.at), model_check(written), feature_check(written))
    # It reads what the hub was told and tells nobody: a desk without channels, and without their secrets.
    readable = desk(written, function.state, function.clock)
    due = next_due_seconds(written, "rollup", fired)
    return rollup.run(fired, desk=readable, outbox=function.outbox, checks=checks, interval_seconds=due)


def _monitoring(function: Function, event: Event) -> Report:
    from nephoscope.jobs import monitoring

    return monitoring.run(
        _as(TimerFired, event),
        cloud=function.cloud.name,
        store=function.metric_store,
        outbox=function.outbox,
        settings=function.settings,
    )


def _security(function: Function, event: Event) -> Report:
    from nephoscope.jobs import security

    watched = function.settings.security.each()
    return security.run(_as(MessageReceived, event), watched=watched, outbox=function.outbox)


def _as(kind: type[E], event: Event) -> E:
    if not isinstance(event, kind):
        raise BadPayload(f"A {type(event).__name__} came where a {kind.__name__} is due.", do="correct the trigger")
    return event


_JOBS: Mapping[str, Callable[[Function, Event], Report]] = {
    "cost": _cost,
    "drift": _drift,
    "features": _features,
    "monitoring": _monitoring,
    "rollup": _rollup,
    "security": _security,
}
