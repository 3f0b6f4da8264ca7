"""What every online store promises, and that Feast reads it; run for each one whose server is here."""

from __future__ import annotations

import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from emulators import free_port, started
from fakes.feast_registry import registry_of
from nephoscope.adapters.online.draft import DraftOnlineStore
from nephoscope.adapters.online.sqlite import SqliteOnlineStore
from nephoscope.errors import BadSettings, Permanent, Transient
from nephoscope.features.columns import Numbers, Texts
from nephoscope.features.keys import entity_keys
from nephoscope.features.ragged import of_rows
from nephoscope.features.rows import Feature, Rows, Stored, Written
from nephoscope.features.value_types import ValueType
from nephoscope.features.values import values
from nephoscope.features.view import Source, View
from nephoscope.ports import OnlineStore

VIEW = View("user_features", {"user_id": 4}, {"age": 4, "plan": 2}, Source("", "", "at"))
NOON = 1_700_000_000_000_000
SECOND = 1_000_000
pytestmark = pytest.mark.filterwarnings("ignore:Connecting to Bigtable emulator:RuntimeWarning")
GOOGLE = "Google's SDK with its emulators is not installed"


def rows(ages: dict[int, int], at: int) -> Rows:
    """Some users of one event time."""
    present = np.ones(len(ages), dtype=np.bool_)
    age = Numbers(np.array(list(ages.values())), present)
    plan = Texts(of_rows(f"plan{age}".encode() for age in ages.values()), present)
    return Rows(
        entity_keys({"user_id": (ValueType.INT64, Numbers(np.array(list(ages)), present))}),
        np.full(len(ages), at),
        None,
        {
            "age": Feature(values(ValueType.INT64, age), ValueType.INT64, age),
            "plan": Feature(values(ValueType.STRING, plan), ValueType.STRING, plan),
        },
    )


def stored(age: int, at: int) -> Stored:
    """What one of them is, read back."""
    one = rows({0: age}, at)
    return Stored(at, {name: feature.values.rows()[0] for name, feature in one.features.items()})


def through_feast(section: dict[str, Any], view: View = VIEW) -> OnlineStore:
    """Feast's own store behind our port."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("feast", reason="feast is not installed: make .venv-features")
        from nephoscope.adapters.feast.store import FeastOnlineStore

        return FeastOnlineStore(section, "shop", registry_of(view).SerializeToString())


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """A Redis that keeps nothing on disk."""
    pytest.importorskip("redis", reason="the package redis is not installed: make .venv-features")
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    with started("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", port=port):
        yield port


Made = tuple[OnlineStore, dict[str, Any]]  # the store, and the section by which Feast opens the same one


def _sqlite(_: pytest.FixtureRequest, folder: Path) -> Made:
    path = folder / "online.db"
    return SqliteOnlineStore(path, "shop"), {"type": "sqlite", "path": str(path)}


def _redis(request: pytest.FixtureRequest, _: Path) -> Made:
    port = request.getfixturevalue("redis_port")
    import redis
    from nephoscope.adapters.online.redis import RedisOnlineStore

    redis.Redis(port=port).flushall()
    place = f"127.0.0.1:{port}"
    return RedisOnlineStore(place, "shop"), {"type": "redis", "connection_string": place}


def _dynamodb(request: pytest.FixtureRequest, _: Path) -> Made:
    pytest.importorskip("mmh3", reason="mmh3 is not installed: make .venv-features")
    endpoint = request.getfixturevalue("moto")
    monkeypatch = request.getfixturevalue("monkeypatch")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    from nephoscope.adapters.online.dynamodb import DynamoDbOnlineStore, client

    template = f"{uuid4().hex}.{{table_name}}"
    store = DynamoDbOnlineStore(client("eu-central-1", endpoint), "shop", table_name_template=template)
    section = {"type": "dynamodb", "region": "eu-central-1", "endpoint_url": endpoint, "table_name_template": template}
    return store, section


def _feast(_: pytest.FixtureRequest, folder: Path) -> Made:
    section = {"type": "sqlite", "path": str(folder / "feast.db")}
    return through_feast(section), section


def _datastore(request: pytest.FixtureRequest, folder: Path) -> Made:
    command = shutil.which("cloud_datastore_emulator") or _google("cloud-datastore-emulator/cloud_datastore_emulator")
    port = free_port()
    stack = request.getfixturevalue("stack")
    options = ("--host=127.0.0.1", f"--port={port}", "--store_on_disk=False", "--testing", folder)
    stack.enter_context(started(command, "start", *options, port=port))
    request.getfixturevalue("monkeypatch").setenv("DATASTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    section = {"type": "datastore", "project_id": "shop"}
    return through_feast(section), section


def _bigtable(request: pytest.FixtureRequest, _: Path) -> Made:
    command = shutil.which("cbtemulator") or _google("bigtable-emulator/cbtemulator")
    port = free_port()
    stack = request.getfixturevalue("stack")
    stack.enter_context(started(command, "--host=127.0.0.1", f"--port={port}", port=port))
    request.getfixturevalue("monkeypatch").setenv("BIGTABLE_EMULATOR_HOST", f"127.0.0.1:{port}")
    section = {"type": "bigtable", "project_id": "shop", "instance": "features"}
    return through_feast(section), section


def _google(place: str) -> str:
    """A part of Google's SDK."""
    gcloud = shutil.which("gcloud")
    found = Path(gcloud).resolve().parent.parent / "platform" / place if gcloud else None
    if found is None or not found.exists():
        pytest.skip(f"{GOOGLE}: {place.rpartition('/')[2]}")
    return str(found)


STORES: dict[str, Callable[[pytest.FixtureRequest, Path], Made]] = {
    "sqlite": _sqlite,
    "redis": _redis,
    "dynamodb": _dynamodb,
    "feast": _feast,
    "datastore": _datastore,
    "bigtable": _bigtable,
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends what a store started."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture(params=list(STORES))
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """Each store in turn, empty."""
    found = STORES[request.param](request, tmp_path)
    found[0].prepare(VIEW)
    return found


@pytest.fixture
def store(made: Made) -> OnlineStore:
    """The store alone."""
    return made[0]


def test_what_is_written_is_read_back(store: OnlineStore) -> None:
    """Values and event times come back as they were, in the keys' order; what was never written is missing."""
    some = rows({1: 41, 2: 42, 3: 43}, NOON)
    assert store.write(VIEW, some) == Written(3, 0)

    one, two, three = some.keys.rows()
    absent = rows({9: 0}, NOON).keys.rows()[0]
    assert store.read(VIEW, [three, absent, one, two]) == [stored(43, NOON), None, stored(41, NOON), stored(42, NOON)]
    assert store.read(VIEW, [one, one]) == [stored(41, NOON)] * 2


def test_an_older_row_never_replaces_a_newer_one(store: OnlineStore) -> None:
    """An older row is left out and counted; the newer ones beside it are written."""
    store.write(VIEW, rows({1: 41}, NOON))
    assert store.write(VIEW, rows({1: 30, 2: 30}, NOON - 60 * SECOND)) == Written(1, 1)

    keys = rows({1: 0, 2: 0}, NOON).keys.rows()
    assert store.read(VIEW, keys) == [stored(41, NOON), stored(30, NOON - 60 * SECOND)]


def test_a_corrected_value_of_the_same_event_time_lands(store: OnlineStore) -> None:
    """A row of an equal event time is written again, in every store alike."""
    store.write(VIEW, rows({1: 41}, NOON))
    assert store.write(VIEW, rows({1: 42}, NOON)) == Written(1, 0)
    assert store.read(VIEW, rows({1: 0}, NOON).keys.rows()) == [stored(42, NOON)]


def test_a_changed_view_reads_alike_everywhere(made: Made) -> None:
    """A feature that was added and never written is absent, and one that was dropped is not told any more."""
    store, _ = made
    some = rows({1: 41}, NOON)
    store.write(VIEW, some)
    age = some.features["age"].values.rows()[0]
    changed = replace(VIEW, features={"city": 2, "age": 4})
    reader = through_feast(made[1], changed) if "Feast" in type(store).__name__ else store
    assert reader.read(changed, some.keys.rows()) == [Stored(NOON, {"city": b"", "age": age})]


def test_a_row_without_values_is_not_replaced_by_an_older_one(store: OnlineStore) -> None:
    """A newer row whose features are all absent stands, and it is there."""
    empty = rows({1: 41}, NOON)
    absent = {name: Feature(of_rows([b""])) for name in empty.features}
    store.write(VIEW, replace(empty, features=absent))
    assert store.write(VIEW, rows({1: 30}, NOON - 60 * SECOND)) == Written(0, 1)
    assert store.read(VIEW, empty.keys.rows()) == [Stored(NOON, {"age": b"", "plan": b""})]


def test_the_order_of_batches_does_not_matter(store: OnlineStore) -> None:
    """However three batches come, before 1970 or after, the newest row stands."""
    batches = [(10, -5 * SECOND), (20, -2 * SECOND), (30, 3 * SECOND)]
    for user, order in enumerate(permutations(batches)):
        for age, at in order:
            store.write(VIEW, rows({user: age}, at))
    keys = rows(dict.fromkeys(range(6), 0), NOON).keys.rows()
    assert store.read(VIEW, keys) == [stored(30, 3 * SECOND)] * 6


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the machine's zone; the old one comes back."""

    def to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield to
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 2, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, tzinfo=UTC)),  # by half an hour
        ("Pacific/Apia", datetime(2011, 12, 30, 0, tzinfo=UTC)),  # by a day
    ],
)
def test_no_newer_row_is_dropped_where_clocks_change(
    tmp_path: Path, zone: Callable[[str], None], name: str, change: datetime
) -> None:
    """In SQLite, which keeps the machine's own time, a newer row stands in every zone, whenever it is."""
    zone(name)
    store = SqliteOnlineStore(tmp_path / "online.db", "shop")
    store.prepare(VIEW)
    start = int(change.timestamp()) * SECOND
    times = [start + minutes * 60 * SECOND for minutes in (-1500, -70, -10, 0, 10, 29, 50, 60, 70, 110, 1450, 3000)]
    for older, at in enumerate(times):
        store.write(VIEW, rows({100 * older + newer: 1 for newer in range(older + 1, len(times))}, at))
    for newer, at in enumerate(times[1:], 1):
        assert store.write(VIEW, rows({100 * older + newer: 2 for older in range(newer)}, at)) == Written(newer, 0)
    assert store.write(VIEW, rows({11: 3, 1: 3}, times[0])) == Written(0, 2)


def test_an_empty_batch_and_no_keys_are_nothing(store: OnlineStore) -> None:
    """Nothing to write and nothing to read are no errors."""
    assert store.write(VIEW, rows({1: 41}, NOON).take(np.zeros(1, dtype=np.bool_))) == Written(0, 0)
    assert store.read(VIEW, []) == []


def test_preparing_twice_keeps_what_is_stored(store: OnlineStore) -> None:
    """A run makes what it needs without looking, and what is there stays."""
    store.write(VIEW, rows({1: 41}, NOON))
    store.prepare(VIEW)
    assert store.read(VIEW, rows({1: 0}, NOON).keys.rows()) == [stored(41, NOON)]


def test_feast_reads_it(made: Made) -> None:
    """Feast's own `online_read` finds the values and the event times that were written."""
    store, section = made
    store.write(VIEW, rows({1: 41, 2: 42}, NOON))
    keys = rows({2: 0, 1: 0, 7: 0}, NOON).keys.rows()
    assert through_feast(section).read(VIEW, keys) == [stored(42, NOON), stored(41, NOON), None]


def test_feast_writes_the_same(made: Made) -> None:
    """What Feast itself wrote is read as its own."""
    store, section = made
    through_feast(section).write(VIEW, rows({1: 41}, NOON))
    assert store.read(VIEW, rows({1: 0}, NOON).keys.rows()) == [stored(41, NOON)]


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_runs_that_overlap_cannot_undo_one_another(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Of many writers at once, each with rows of its own time, the newest row of every entity stands."""
    store, _ = STORES[kind](request, tmp_path)
    store.prepare(VIEW)
    users = range(200)
    writers = [
        threading.Thread(target=store.write, args=(VIEW, rows(dict.fromkeys(users, at), NOON + at * SECOND)))
        for at in (3, 7, 1, 5, 0, 6, 2, 4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.atomic
    assert store.read(VIEW, rows(dict.fromkeys(users, 0), NOON).keys.rows()) == [stored(7, NOON + 7 * SECOND)] * 200


@pytest.mark.parametrize("kind", ["redis", "dynamodb"])
def test_a_store_that_does_not_answer_is_tried_again_later(kind: str, request: pytest.FixtureRequest) -> None:
    """A closed port is a passing fault, never an empty answer."""
    nowhere = free_port()
    if kind == "redis":
        pytest.importorskip("redis", reason="the package redis is not installed: make .venv-features")
        from nephoscope.adapters.online.redis import RedisOnlineStore

        store: OnlineStore = RedisOnlineStore(f"127.0.0.1:{nowhere}", "shop")
    else:
        pytest.importorskip("mmh3", reason="mmh3 is not installed: make .venv-features")
        monkeypatch = request.getfixturevalue("monkeypatch")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        from nephoscope.adapters.online.dynamodb import DynamoDbOnlineStore, client

        store = DynamoDbOnlineStore(client("eu-central-1", f"http://127.0.0.1:{nowhere}"), "shop")
    with pytest.raises(Transient):
        store.read(VIEW, rows({1: 0}, NOON).keys.rows())
    with pytest.raises(Transient):
        store.write(VIEW, rows({1: 0}, NOON))


@pytest.mark.parametrize("kind", ["sqlite", "redis", "dynamodb"])
def test_a_dry_run_before_the_first_run_counts(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Where nothing was ever prepared nothing is stored: a dry run says how many rows would be written."""
    store, _ = STORES[kind](request, tmp_path)
    draft = DraftOnlineStore(store)
    draft.prepare(VIEW)
    some = rows({1: 41, 2: 42}, NOON)
    assert draft.write(VIEW, some) == Written(2, 0)
    assert draft.read(VIEW, some.keys.rows()) == [None, None]


def test_a_redis_that_is_full_or_a_replica_is_tried_again_later(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What passes by itself, a full memory or a failover, is a passing fault; a value of another kind is not."""
    store, section = _redis(request, tmp_path)
    import redis

    port = int(section["connection_string"].rpartition(":")[2])
    client = redis.Redis(port=port)
    some = rows({1: 41}, NOON)
    client.set(some.keys.rows()[0] + b"shop", "no hash")
    with pytest.raises(Permanent, match="wrong kind of value"):
        store.write(VIEW, some)
    client.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(Transient, match="maxmemory"):
            store.write(VIEW, rows({2: 42}, NOON))
    finally:
        client.config_set("maxmemory", "0")
    client.execute_command("REPLICAOF", "127.0.0.1", str(free_port()))
    try:
        with pytest.raises(Transient, match="read only replica"):
            store.write(VIEW, rows({2: 42}, NOON))
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize("place", ["localhost", "localhost:", ":6379", "localhost:redis,db=0"])
def test_a_redis_without_a_host_or_port_is_the_configurations_fault(place: str) -> None:
    """A connection string that names no place is told as a mistake with what to write."""
    pytest.importorskip("redis", reason="the package redis is not installed: make .venv-features")
    from nephoscope.adapters.online.redis import RedisOnlineStore

    with pytest.raises(BadSettings, match="no place of a Redis"):
        RedisOnlineStore(place, "shop")


def test_a_correction_that_feasts_redis_drops_is_counted(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Feast's Redis store takes no other values of an equal event time; what it dropped is not told as written."""
    _, section = _redis(request, tmp_path)
    store = through_feast(section)
    store.write(VIEW, rows({1: 41, 2: 42}, NOON))
    assert store.write(VIEW, rows({1: 40, 2: 42, 3: 43}, NOON)) == Written(2, 1)
    assert store.read(VIEW, rows({1: 0}, NOON).keys.rows()) == [stored(41, NOON)]


def test_redis_forgets_scripts_and_is_told_again(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A Redis that was restarted knows no script any more; the next batch is written all the same."""
    store, section = _redis(request, tmp_path)
    import redis

    store.write(VIEW, rows({1: 41}, NOON))
    redis.Redis(port=int(section["connection_string"].rpartition(":")[2])).script_flush()
    assert store.write(VIEW, rows({1: 42}, NOON + SECOND)) == Written(1, 0)


def test_a_whole_entity_expires(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """With key_ttl_seconds, an entity that is not written any more leaves Redis by itself."""
    _, section = _redis(request, tmp_path)
    import redis
    from nephoscope.adapters.online.redis import RedisOnlineStore

    store = RedisOnlineStore(section["connection_string"], "shop", key_ttl_seconds=90)
    some = rows({1: 41}, NOON)
    store.write(VIEW, some)
    left = redis.Redis(port=int(section["connection_string"].rpartition(":")[2])).ttl(some.keys.rows()[0] + b"shop")
    assert 0 < left <= 90


@pytest.mark.parametrize("section", [{"type": "nowhere"}, {"type": "datastore", "no_such_key": 1}])
def test_a_store_that_feast_cannot_open_is_the_configurations_fault(section: dict[str, Any]) -> None:
    """A kind that Feast does not know, or what it needs and is not there, is told as a mistake with what to do."""
    with pytest.raises(BadSettings, match=f"the online store '{section['type']}'"):
        through_feast(section)


def test_names_with_quotes_are_names(tmp_path: Path) -> None:
    """Whatever a view and its features are called, their names are never read as SQL."""
    age, name = 'it\'s ?1 -- "old"', 'users";'
    view = View(name, VIEW.join_keys, {age: 4}, VIEW.source)
    store = SqliteOnlineStore(tmp_path / "online.db", "shop")
    store.prepare(view)
    some = rows({1: 41}, NOON)
    store.write(view, Rows(some.keys, some.event_us, None, {age: some.features["age"]}))
    assert store.read(view, some.keys.rows()) == [Stored(NOON, {age: some.features["age"].values.rows()[0]})]


def test_what_dynamodb_leaves_is_asked_again() -> None:
    """DynamoDB that leaves items unprocessed gets them again; one that always does is a passing fault."""
    pytest.importorskip("mmh3", reason="mmh3 is not installed: make .venv-features")
    from nephoscope.adapters.online.dynamodb import TRIES, DynamoDbOnlineStore

    class Throttled:
        """Takes one item a call, and nothing when told so."""

        def __init__(self, takes: int) -> None:
            self.takes, self.taken = takes, 0

        def batch_get_item(self, **_: Any) -> dict[str, Any]:
            return {"Responses": {}}

        def batch_write_item(self, **request: Any) -> dict[str, Any]:
            (table, items), *_ = request["RequestItems"].items()
            self.taken += min(self.takes, len(items))
            left = items[self.takes :]
            return {"UnprocessedItems": {table: left} if left else {}}

    pauses: list[float] = []
    patient = Throttled(1)
    few = rows(dict.fromkeys(range(5), 1), NOON)
    assert DynamoDbOnlineStore(patient, "shop", pause=pauses.append).write(VIEW, few) == Written(5, 0)
    assert (patient.taken, pauses) == (5, [0.05, 0.1, 0.2, 0.4])
    with pytest.raises(Transient, match=f"in {TRIES} tries"):
        DynamoDbOnlineStore(Throttled(0), "shop", pause=pauses.append).write(VIEW, few)
