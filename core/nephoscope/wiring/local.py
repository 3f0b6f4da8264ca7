"""One machine: SQLite, folders and whatever channels the configuration names; each opened when first asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nephoscope import settings as configuration
from nephoscope.errors import BadSettings, BadUsage
from nephoscope.outbox import Outbox
from nephoscope.settings import Settings
from nephoscope.settings.belonging import models_of

if TYPE_CHECKING:
    from nephoscope.adapters.local.folder import Folder
    from nephoscope.adapters.local.topic import SqliteTopic
    from nephoscope.baselines import StoredBaselines
    from nephoscope.jobs.desk import Desk
    from nephoscope.parts import StoredParts
    from nephoscope.ports import Bills, Clock, Deliveries, Metrics, State, Tables, Topic
    from nephoscope.wiring.dead_man import DeadMan
    from nephoscope.wiring.entry import Entry
    from nephoscope.wiring.features import FeatureStore
    from nephoscope.wiring.people import Person

CLOCK_VARIABLE = "NEPHOSCOPE_CLOCK"  # a file that tells the time, as in the demo
CONFIG_VARIABLE = "NEPHOSCOPE_CONFIG"
DEFAULT_CONFIG = Path("nephoscope.yaml")
OWN_STORE = "sqlite:nephoscope.db"  # where the hub is in a cloud and the configuration names no store of this machine


@dataclass(frozen=True)
class Local:
    """Everything that runs on this machine, from one configuration."""

    settings: Settings
    fixed_clock: Clock | None = None  # `--now`

    @classmethod
    def from_file(cls, path: Path | None, *, clock: Clock | None = None) -> Local:
        """Read the configuration that the command line, the environment or the folder names."""
        named = path or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
        return cls(configuration.load(named), clock)

    @cached_property
    def clock(self) -> Clock:
        """The time: fixed, told by a file, or the machine's."""
        from nephoscope.adapters.local.clock import FileClock, SystemClock

        if self.fixed_clock is not None:
            return self.fixed_clock
        told_by = os.environ.get(CLOCK_VARIABLE)
        return FileClock(Path(told_by)) if told_by else SystemClock()

    @cached_property
    def entry(self) -> Entry:
        """What runs the jobs."""
        from nephoscope.wiring.entry import Entry

        return Entry("local", self.settings.hash)

    @cached_property
    def topic(self) -> SqliteTopic:
        """The one topic."""
        from nephoscope.adapters.local.topic import SqliteTopic

        return SqliteTopic(_sqlite(self.settings.topic, "topic"), clock=self.clock)

    @cached_property
    def state(self) -> State:
        """The hub's records."""
        return self._state(self.settings.state, "state")

    @cached_property
    def ledger(self) -> State:
        """This machine's own records: its ledger and its Baselines."""
        hub = self.settings.state if self.settings.state.startswith("sqlite:") else OWN_STORE
        return self._state(self.settings.stores.get("local", hub), "stores.local")

    @cached_property
    def outbox(self) -> Outbox:
        """The ledger and the topic."""
        return Outbox(self.ledger, self.told, self.clock, "local", self.settings.hash, models=models_of(self.settings))

    @cached_property
    def told(self) -> Topic:
        """The one topic, wherever it is: in a cloud it is published to as whoever is signed in on this machine."""
        scheme, _, place = self.settings.topic.partition(":")
        if scheme == "sqlite":
            return self.topic
        from nephoscope.wiring.topics import CLOUD_OF

        return self._person(CLOUD_OF[scheme]).own_topic(place)

    def _person(self, cloud: str) -> Person:
        """A cloud as whoever is signed in on this machine sees it."""
        from nephoscope.wiring.people import CLOUDS

        if cloud not in self._people:
            self._people[cloud] = CLOUDS[cloud]()
        return self._people[cloud]

    @cached_property
    def _people(self) -> dict[str, Person]:
        return {}

    @cached_property
    def metrics(self) -> Mapping[str, Metrics]:
        """The metric store of each cloud that the configuration names one for."""
        from nephoscope.wiring.metrics import metric_stores

        return metric_stores(self.settings, self.clock)

    @cached_property
    def bills(self) -> Mapping[str, Bills]:
        """The billing API of each cloud that the configuration names one for."""
        from nephoscope.wiring.bills import all_bills

        return all_bills(self.settings, self.clock)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Exported bills in folders."""
        from nephoscope.adapters.files.bills.delivered import FolderDeliveries

        return FolderDeliveries()

    @cached_property
    def tables(self) -> Tables:
        """Tables in files, read where they can do no harm; large ones on Spark, where the configuration says so."""
        from nephoscope.adapters.files.isolated import IsolatedTables

        written = self.settings.tables
        if written.engine == "files":
            return IsolatedTables()

        from nephoscope.adapters.files.by_size import TablesBySize
        from nephoscope.adapters.spark.tables import SparkTables

        return TablesBySize(IsolatedTables(), SparkTables(written.url), int(written.larger_than_mib * 1024 * 1024))

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
    def folders(self) -> Mapping[str, Folder]:
        """The watched folder of each data set that has one."""
        from nephoscope.adapters.local.folder import Folder

        places = {name: dataset.objects for name, dataset in self.settings.datasets.items()}
        return {name: Folder(Path(place)) for name, place in places.items() if "://" not in place}

    @cached_property
    def features(self) -> FeatureStore:
        """The feature store, in every cloud that the configuration names."""
        from nephoscope.wiring.features import FeatureStore

        return FeatureStore(self.settings, self.clock, self.ledger, secret, self._person)

    @cached_property
    def desk(self) -> Desk:
        """What the hub tells people with."""
        from nephoscope.wiring.channels import channels
        from nephoscope.wiring.hub import desk

        # Somebody is there, who can correct what cannot be opened: all of them, or none.
        return desk(self.settings, self.state, self.clock, channels(self.settings, secret))

    @cached_property
    def dead_man(self) -> DeadMan:
        """Who notices when the hub is dead."""
        from nephoscope.wiring.dead_man import DeadMan

        return DeadMan.of(self.settings, self.clock, secret)

    def _state(self, url: str, place: str) -> State:
        from nephoscope.adapters.local.state import SqliteState

        return SqliteState(_sqlite(url, place))


def secret(reference: str) -> str:
    """
    What a reference in the configuration stands for.

    Raises:
        BadSettings: The variable is not set, or the secret lives in a cloud.
    """
    scheme, _, name = reference.partition(":")
    if scheme != "env":
        raise BadSettings(
            f"The secret '{reference}' is kept in a cloud and cannot be read on this machine.",
            do="use env:NAME in a local configuration",
        )
    value = os.environ.get(name)
    if not value:
        raise BadSettings(
            f"The environment variable '{name}' is not set.", do=f"export {name}, which the configuration names"
        )
    return value


def _sqlite(url: str, place: str) -> Path:
    if not url.startswith("sqlite:"):
        raise BadUsage(
            f"'{place}' is {url}, which this machine cannot be the home of.",
            do="give the local runner a configuration with sqlite:PATH there",
        )
    return Path(url.removeprefix("sqlite:"))
