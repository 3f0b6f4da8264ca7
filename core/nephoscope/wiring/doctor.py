"""What `nephoscope doctor` asks: every store, source, topic, secret, channel and schedule of a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cached_property, partial

import msgspec

from nephoscope.errors import BadSettings, NephoscopeError, Transient
from nephoscope.jobs.checkup import Probe
from nephoscope.monitoring.answer import Unknown
from nephoscope.monitoring.query import complete
from nephoscope.outbox import Outbox
from nephoscope.ports import State
from nephoscope.settings import Settings
from nephoscope.settings.spending import clouds_with_bills
from nephoscope.settings.timers import slot_before
from nephoscope.settings.watches import Asked, asked
from nephoscope.wiring.bill_looks import (
    ADVISERS,
    CALLS,
    ENROLMENTS,
    PAID,
    RIGHTS,
    advice_look,
    adviser_is_asked,
    bill_look,
)
from nephoscope.wiring.channels import channels
from nephoscope.wiring.function import Cloud
from nephoscope.wiring.local import Local
from nephoscope.wiring.local import secret as local_secret
from nephoscope.wiring.metrics import metric_store
from nephoscope.wiring.people import CLOUDS, STORE_OF
from nephoscope.wiring.topics import CLOUD_OF as TOPIC_CLOUDS

ABSENT = "doctor/absent"  # no record has this key
CLOUD_OF = STORE_OF | TOPIC_CLOUDS | {"aws-sm": "aws", "azure-kv": "azure", "gcp-sm": "gcp"}
LOOKS = {"sns": "list its subscriptions", "eventgrid": "get its address", "pubsub": "list its subscriptions"}
LATE = 2  # slots: the newest may be at work, the one before has left its run behind
TRIAL = "nephoscope security log trial: whoever its route leads to is told"
PAY = "nephoscope doctor --paid asks it"
SCHEMES = ("env:", "aws-sm:", "azure-kv:", "gcp-sm:")


@dataclass(frozen=True)
class Doctor:
    """The probes of one configuration."""

    local: Local
    paid: bool = False  # whether what costs money is asked too

    def probes(self) -> Iterator[Probe]:
        """Every probe, in the order in which data flows."""
        yield from self._stores()
        yield from self._metrics()
        yield from self._bills()
        yield from self._topic()
        yield from self._secrets()
        yield from self._channels()
        yield from self._schedules()

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self.local.settings

    def _stores(self) -> Iterator[Probe]:
        for name, url in self._places().items():
            read = partial(self._read, url)
            yield Probe("source", name, f"get {url}/{ABSENT}", read, "see that it is there and that you may read it")
            yield Probe("right", f"write to {name}", f"put into {url}", None, "nephoscope run JOB writes a record")

    def _places(self) -> dict[str, str]:
        stores = {f"stores.{cloud}": url for cloud, url in self.settings.stores.items()}
        return stores | {"state": self.settings.state}

    def _read(self, url: str) -> str:
        return "no such record, as it has to be" if self._state(url).get(ABSENT) is None else "a record"

    def _state(self, url: str) -> State:
        if url.startswith("sqlite:"):
            return self.local.state if url == self.settings.state else self.local.ledger
        return self._cloud(CLOUD_OF[url.partition(":")[0]]).state(url)

    def _metrics(self) -> Iterator[Probe]:
        for cloud, share in asked(self.settings).items():
            ask = partial(self._first_series, cloud, share) if share.watches else None
            do = "see the rights of the monitoring job" if ask else "watch a model in it"
            yield Probe("source", f"metric_stores.{cloud}", "ask for the newest period of one metric", ask, do)

    def _first_series(self, cloud: str, share: Asked) -> str:
        watch = share.watches[0]
        window = complete(self.local.clock.now(), lag=share.lag, period=watch.period, periods=1)
        try:
            store = metric_store(cloud, self.settings, self.local.clock)
        except ModuleNotFoundError as error:
            raise _not_installed(cloud, error) from error
        answer = store.points([watch.query], window)[watch.query]
        if isinstance(answer, Unknown) and answer.fault is not None:
            raise Transient(answer.reason, do="correct what it says")
        return f"{watch.query}: {answer.reason if isinstance(answer, Unknown) else f'{len(answer.points)} points'}"

    def _bills(self) -> Iterator[Probe]:
        now = self.local.clock.now()
        for cloud in sorted(clouds_with_bills(self.settings)):
            tried = self.paid or cloud not in PAID
            ask = partial(bill_look, cloud, self.settings, now) if tried else None
            yield Probe("source", f"bills.{cloud}", CALLS[cloud], ask, RIGHTS[cloud] if tried else PAY)
            if adviser_is_asked(cloud, self.settings):
                advise, name = partial(advice_look, cloud, self.settings), f"recommendations of {cloud}"
                yield Probe("source", name, ADVISERS[cloud], advise, ENROLMENTS[cloud])

    def _topic(self) -> Iterator[Probe]:
        url = self.settings.topic
        scheme, _, place = url.partition(":")
        if scheme == "sqlite":
            yield Probe("topic", url, "open the file", self._open_topic, "see that its folder may be written to")
            return
        look = partial(self._look_at_topic, CLOUD_OF[scheme], place)
        yield Probe("topic", url, LOOKS[scheme], look, "see that it is there, that the hub listens, and who you are")
        yield Probe("right", f"publish to {url}", "publish", None, TRIAL)

    def _look_at_topic(self, cloud: str, place: str) -> str:
        return self._cloud(cloud).own_topic(place).look()

    def _open_topic(self) -> str:
        _ = self.local.topic
        return "it is open"

    def _secrets(self) -> Iterator[Probe]:
        for reference in secrets_of(self.settings):
            yield Probe(
                "secret", reference, f"read {reference}", partial(self._has_value, reference), "put its value in"
            )

    def _has_value(self, reference: str) -> str:
        if not self.secret(reference):
            raise BadSettings(f"The secret '{reference}' is empty.", do="put its value in")
        return "it has a value"

    def secret(self, reference: str) -> str:
        """What a reference stands for, wherever it is kept."""
        scheme, _, name = reference.partition(":")
        return self._cloud(CLOUD_OF[scheme]).secret(name) if scheme in CLOUD_OF else local_secret(reference)

    def _channels(self) -> Iterator[Probe]:
        for name in self.settings.channels:
            yield Probe("channel", name, "open it", partial(self._open_channel, name), "correct its settings")
            yield Probe("right", f"post to {name}", "send a Message", None, TRIAL)

    def _open_channel(self, name: str) -> str:
        one = msgspec.structs.replace(self.settings, channels={name: self.settings.channels[name]})
        try:
            return f"it is a {type(channels(one, self.secret)[name]).__name__}"
        except ModuleNotFoundError as error:
            raise _not_installed("apprise", error) from error

    def _schedules(self) -> Iterator[Probe]:
        for job, cron in self.settings.timers.items():
            if job in ("sweep", "rollup"):
                yield Probe("schedule", job, "none: it leaves no run behind", None, "see the function's log")
                continue
            for cloud, url in self.settings.stores.items():
                late = partial(self._last_run, job, cron, url)
                call = f"list {url}/ledger/"
                yield Probe("schedule", f"{job} in {cloud}", call, late, "see that its schedule is on, and its log")

    def _last_run(self, job: str, cron: str, url: str) -> str:
        now = self.local.clock.now().astimezone(UTC)
        since = slot_before(cron, now, slots=LATE)
        runs = Outbox(self._state(url), _Nowhere(), self.local.clock, "").runs
        for back in range((now.date() - since.date()).days + 1):
            told = [run.report.at for run in runs(now.date() - timedelta(days=back)) if run.report.job == job]
            if told and max(told) >= since:
                return f"it ran at {max(told):%Y-%m-%d %H:%M} UTC"
        raise Transient(f"No run of '{job}' since {since:%Y-%m-%d %H:%M} UTC.", do="look whether it was ever deployed")

    def _cloud(self, name: str) -> Cloud:
        try:
            return self._opened[name]
        except ModuleNotFoundError as error:
            raise _not_installed(name, error) from error

    @cached_property
    def _opened(self) -> dict[str, Cloud]:
        return {name: made() for name, made in CLOUDS.items()}


class _Nowhere:
    """A topic that nothing is published to: runs are only read."""

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        raise Transient("The doctor publishes nothing.")


def secrets_of(settings: Settings) -> list[str]:
    """Every reference to a secret, wherever it stands in the configuration."""
    found: dict[str, None] = {}

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, str) and value.startswith(SCHEMES):
            found[value] = None

    walk(json.loads(msgspec.json.encode(settings)))
    return list(found)


def _not_installed(extra: str, error: ModuleNotFoundError) -> NephoscopeError:
    return BadSettings(f"'{error.name}' is not installed.", do=f"pip install 'nephoscope[{extra}]'")
