"""The feature store's parts: each cloud's online store, its sources, its registry and its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from nephoscope.errors import BadPayload, BadSettings, Unreadable
from nephoscope.events import ObjectRef, ObjectWritten, TimerFired
from nephoscope.features.plan import Window
from nephoscope.features.reading import Reading
from nephoscope.features.registry import views
from nephoscope.features.view import View
from nephoscope.jobs.feature_sync import FeatureCloud
from nephoscope.ports import Clock, Engine, FeatureTables, OnlineStore, Serving, State
from nephoscope.registries import StoredRegistry
from nephoscope.settings import Features, Settings
from nephoscope.settings.features import DynamoDbStore, FeastStore, RedisStore, SqliteStore, Store
from nephoscope.settings.urls import STORE_OF, inside, url_of
from nephoscope.wiring.entry import LOGGER

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

    from nephoscope.adapters.feast.repository import FeastRepository
    from nephoscope.adapters.files.feature_places import Place


@dataclass(frozen=True)
class FeatureStore:
    """One Feast project in the clouds that can be asked from here."""

    settings: Settings
    clock: Clock
    ledger: State  # of the machine or the function that this runs on
    secret: Callable[[str], str]
    signed_in: Callable[[str], Any]  # a cloud as this function is known there, or whoever is signed in on this machine
    only: str = ""  # a deployed function asks only its own cloud
    dry: bool = False  # nothing is written

    @cached_property
    def written(self) -> Features:
        """The configuration's section."""
        if self.settings.features is UNSET:
            raise BadSettings("The configuration has no feature store.", do="add the section features")
        return self.settings.features

    @property
    def clouds(self) -> tuple[str, ...]:
        """The clouds that are asked, the one where the registry is at home first."""
        named = [cloud for cloud in self.written.stores if self.only in ("", cloud)]
        return tuple(sorted(named, key=lambda cloud: (cloud != self.settings.hub, named.index(cloud))))

    @cached_property
    def repository(self) -> FeastRepository:
        """The Feast repository."""
        from nephoscope.adapters.feast.repository import FeastRepository

        return FeastRepository(Path(self.written.repository), self.written.project)

    def registry(self, cloud: str) -> StoredRegistry:
        """One cloud's registry."""
        return StoredRegistry(self.state(cloud, exact=True), self.clock, self.written.project)

    @cached_property
    def registry_bytes(self) -> bytes:
        """
        The registry that counts in the first of the clouds.

        Raises:
            BadSettings: None was ever applied.
        """
        found = self.registry(self.clouds[0]).current()
        if found is None:
            raise BadSettings(
                f"The project '{self.written.project}' has no registry in {self.clouds[0]}.",
                do="apply its repository: nephoscope features apply",
            )
        return found

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The feature views of the registry that counts."""
        return views(self.registry_bytes, self.written.project)

    @cached_property
    def each_cloud(self) -> Mapping[str, FeatureCloud]:
        """What the job asks, by cloud."""
        return {cloud: self._cloud(cloud) for cloud in self.clouds}

    def state(self, cloud: str, *, exact: bool = False) -> State:
        """A cloud's own store of records; that of this machine where the configuration names none for it."""
        url = self.settings.stores.get(cloud)  # type: ignore[call-overload]
        if url is None:
            return self.ledger
        if url.startswith("sqlite:"):
            from nephoscope.adapters.local.state import SqliteState

            return SqliteState(Path(url.removeprefix("sqlite:")))
        name = next(each for each, scheme in STORE_OF.items() if url.startswith(scheme))
        with _installed(f"The store '{url}'", f"nephoscope[{name}]"):
            found = self.signed_in(name)
            state: State = found.state(url, exact=exact) if name == "aws" else found.state(url)
            return state

    def landed(self, event: TimerFired | ObjectWritten) -> tuple[str, ...]:
        """
        The views that are computed to a file that landed; none for a timer.

        Raises:
            BadPayload: No view is computed to that file.
        """
        if isinstance(event, TimerFired):
            return ()
        found = tuple(view.name for view in self.views if any(self._holds(cloud, view, event) for cloud in self.clouds))
        if not found:
            raise BadPayload(
                f"'{event.object.url}' is the source of none of the {len(self.views)} feature views.",
                do="narrow the trigger, or name its place under features.sources",
            )
        return found

    def folders(self) -> set[Path]:
        """The folders of this machine that views are computed to; none before a repository was applied."""
        if self.settings.features is UNSET or self.registry(self.clouds[0]).current() is None:
            return set()
        places = {view.source.uri for view in self.views}
        local = {place.removeprefix("file://") for place in places if place and not _is_remote(place)}
        return {(Path(self.written.repository) / place).resolve().parent for place in local}

    def about(self, event: ObjectWritten) -> bool:
        """Whether any view is computed to a file."""
        return any(self._holds(cloud, view, event) for view in self.views for cloud in self.clouds)

    def _holds(self, cloud: str, view: View, event: ObjectWritten) -> bool:
        try:
            return inside(url_of(event.object), self._place(cloud, view).url)
        except Unreadable:  # a view whose source is no file
            return False

    def _cloud(self, cloud: str) -> FeatureCloud:
        state, store = self.state(cloud), self._store(cloud)
        if self.dry:
            from nephoscope.adapters.local.draft import DraftState
            from nephoscope.adapters.online.draft import DraftOnlineStore

            state, store = DraftState(state), DraftOnlineStore(store)
        tables = _Telling(self._tables(cloud), cloud)
        return FeatureCloud(state, tables, store, self._serving(cloud), self._engines(cloud))

    def _tables(self, cloud: str) -> FeatureTables:
        from nephoscope.adapters.files.feature_tables import FeatureFiles

        files = FeatureFiles(lambda view: self._place(cloud, view), _encode)
        if not self.written.offline_store:
            return files
        from nephoscope.adapters.feast.tables import FeastTables

        repository = Path(self.written.repository)
        feast = FeastTables(self.written.project, lambda: self.registry_bytes, self.written.offline_store, repository)
        return _Tables(files, feast, frozenset(self.written.sources.get(cloud, {})))  # type: ignore[call-overload]

    def _place(self, cloud: str, view: View) -> Place:
        from nephoscope.adapters.files.feature_places import place_of

        elsewhere: Mapping[str, str] = self.written.sources.get(cloud, {})  # type: ignore[call-overload]
        override = elsewhere.get(view.name, "")
        return place_of(view, Path(self.written.repository), self._azure_files, override=override)

    def _azure_files(self, account: str) -> FileSystem:
        from nephoscope.adapters.azure.arrow import file_system

        with _installed(f"The account '{account}'", "nephoscope[azure]"):
            return file_system(self.signed_in("azure").account(account))

    def _store(self, cloud: str) -> OnlineStore:
        with _installed(f"The store of '{cloud}'", "nephoscope[features], or run the features image"):
            return self._opens(cloud)()

    def _opens(self, cloud: str) -> Callable[[], OnlineStore]:
        """What opens a cloud's store, here or in another process; a password is read here."""
        store: Store = self.written.stores[cloud]  # type: ignore[index]
        if isinstance(store, FeastStore):
            return partial(feast_store, store, self.written.project, self.registry_bytes)
        if isinstance(store, RedisStore):
            password = None if store.password is UNSET else self.secret(store.password)
            return partial(redis_store, store, self.written.project, password)
        if isinstance(store, SqliteStore):
            return partial(sqlite_store, store, self.written.project)
        return partial(dynamodb_store, store, self.written.project)

    def _engines(self, cloud: str) -> Mapping[str, Engine]:
        spark = self.written.spark
        if spark is UNSET or self.dry:
            return {}
        from nephoscope.adapters.feast.spark import SparkEngine

        engine = SparkEngine(
            self.written.project,
            lambda: self.registry_bytes,
            self._opens(cloud),
            Path(self.written.repository),
            conf=spark.conf,
            partitions=spark.partitions,
            staging="" if spark.staging is UNSET else spark.staging,
            trusted=self.written.trusted,
        )
        return dict.fromkeys(spark.views, engine)

    def _serving(self, cloud: str) -> Serving | None:
        if self.written.smoke is UNSET:
            return None
        from nephoscope.adapters.feast.asked import FeastAsked

        return FeastAsked(
            lambda: self.registry(cloud).current(),
            lambda: feast_section(self.written.stores[cloud], self.secret),  # type: ignore[index]
            self.written.project,
            trusted=self.written.trusted,
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    """Files where a view's source is one or the configuration names one, else Feast's offline store."""

    files: FeatureTables
    feast: FeatureTables
    elsewhere: frozenset[str]

    def read(self, view: View, window: Window, *, landed: ObjectRef | None = None) -> Reading:
        """Read the rows of a window."""
        tables = self.files if view.source.uri or view.name in self.elsewhere else self.feast
        return tables.read(view, window, landed=landed)


@dataclass(frozen=True, slots=True)
class _Telling:
    """Other tables; what goes through Feast is said in the log."""

    tables: FeatureTables
    cloud: str

    def read(self, view: View, window: Window, *, landed: ObjectRef | None = None) -> Reading:
        """Read the rows of a window."""
        reading = self.tables.read(view, window, landed=landed)
        if reading.foreign:
            told = f"the view '{view.name}' goes through Feast because of {', '.join(reading.foreign)}"
            LOGGER.info(told, extra={"facts": {"job": "features", "cloud": self.cloud}})
        return reading


def sqlite_store(store: SqliteStore, project: str) -> OnlineStore:
    """Open Feast's SQLite store."""
    from nephoscope.adapters.online.sqlite import SqliteOnlineStore

    return SqliteOnlineStore(Path(store.path), project)


def redis_store(store: RedisStore, project: str, password: str | None) -> OnlineStore:
    """Open a Redis."""
    from nephoscope.adapters.online.redis import RedisOnlineStore

    return RedisOnlineStore(store.connection_string, project, password=password, key_ttl_seconds=store.key_ttl_seconds)


def dynamodb_store(store: DynamoDbStore, project: str) -> OnlineStore:
    """Open DynamoDB."""
    from nephoscope.adapters.online.dynamodb import DynamoDbOnlineStore, client

    endpoint = None if store.endpoint_url is UNSET else store.endpoint_url
    return DynamoDbOnlineStore(client(store.region, endpoint), project, table_name_template=store.table_name_template)


def feast_store(store: FeastStore, project: str, registry: bytes) -> OnlineStore:
    """Open whatever else Feast knows."""
    from nephoscope.adapters.feast.store import FeastOnlineStore

    return FeastOnlineStore(store.online_store, project, registry)


def feast_section(store: Store, secret: Callable[[str], str]) -> dict[str, Any]:
    """A store as Feast's own section `online_store` writes it."""
    if isinstance(store, FeastStore):
        return store.online_store
    if isinstance(store, SqliteStore):
        return {"type": "sqlite", "path": store.path}
    if isinstance(store, DynamoDbStore):
        endpoint = {} if store.endpoint_url is UNSET else {"endpoint_url": store.endpoint_url}
        return {
            "type": "dynamodb",
            "region": store.region,
            "table_name_template": store.table_name_template,
            "consistent_reads": True,
            **endpoint,
        }
    password = "" if store.password is UNSET else f",password={secret(store.password)}"
    return {"type": "redis", "connection_string": f"{store.connection_string}{password}"}


@contextmanager
def _installed(what: str, package: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadSettings(f"{what} needs {error.name}, which is not installed.", do=f"install {package}") from error


def _is_remote(place: str) -> bool:
    return "://" in place and not place.startswith("file://")


def _encode(view: View, batch: Any) -> Any:
    """Feast is opened only when a batch holds what the fast lane cannot encode."""
    from nephoscope.adapters.feast.encoding import encode

    return encode(view, batch)
