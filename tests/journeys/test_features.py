"""
A Feast repository in three stores at once, with Feast itself as the oracle of every byte and every answer.

The repository has two entities, views of different TTLs, every scalar and list type, an on-demand view and a push
source. Feast materialises it to stores of its own; nephoscope syncs it to others; then both are compared.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import free_port, started
from nephoscope.errors import BadSettings, Transient
from nephoscope.features.code import code_in
from nephoscope.wiring.features import FeatureStore
from nephoscope.wiring.local import Local

pytestmark = pytest.mark.filterwarnings("ignore")  # Feast's own
ROWS = 600
USERS = 200
MARKER = "NEPHOSCOPE_CANARY"

DEFINITIONS = """
from datetime import timedelta
import pandas as pd
from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, Json, String, UnixTimestamp

user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
shop = Entity(name="shop", join_keys=["shop"], value_type=ValueType.STRING)
kinds = {
    "age": Int64, "activity_score": Float64, "weight": Float32, "visits": Int32, "plan": String, "raw": Bytes,
    "active": Bool, "seen": UnixTimestamp, "ids": Array(Int64), "scores": Array(Float32), "words": Array(String),
}
user_features = FeatureView(
    name="user_features",
    entities=[user],
    ttl=timedelta(days=30),
    schema=[Field(name=name, dtype=kind) for name, kind in kinds.items()],
    source=FileSource(
        name="users", path="users.parquet", timestamp_field="event_timestamp", created_timestamp_column="created"
    ),
)
visits = FeatureView(
    name="visits",
    entities=[user, shop],
    ttl=timedelta(0),
    schema=[Field(name="count", dtype=Int64)],
    source=PushSource(
        name="pushed", batch_source=FileSource(name="visits", path="visits.parquet", timestamp_field="at")
    ),
)
settings = FeatureView(
    name="preferences",
    entities=[user],
    ttl=timedelta(days=3),
    schema=[Field(name="chosen", dtype=Json), Field(name="level", dtype=Int64)],
    source=FileSource(name="preferences", path="preferences.parquet", timestamp_field="at"),
)


@on_demand_feature_view(sources=[user_features], schema=[Field(name="doubled", dtype=Float64)])
def twice(inputs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"doubled": inputs["age"] * 2.0})


service = FeatureService(name="serving", features=[user_features, visits])
"""


@pytest.fixture(scope="session")
def feast() -> Any:
    """Feast; the tests skip where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("feast", reason="feast is not installed: make .venv-features")


def write_tables(folder: Path) -> None:
    """Rows with gaps, several an entity, in several row groups."""
    draw = np.random.default_rng(5)
    now = datetime.now(UTC).replace(microsecond=0)
    at = [now - timedelta(seconds=int(back)) for back in draw.integers(60, 86_400, ROWS)]

    def gaps(values: Any) -> list[Any]:
        return [None if draw.random() < 0.1 else value for value in values]

    users = {
        "user_id": pa.array(draw.integers(0, USERS, ROWS)),
        "event_timestamp": pa.array(at, pa.timestamp("us", "UTC")),
        "created": pa.array(at, pa.timestamp("us", "UTC")),
        "age": pa.array(gaps(draw.integers(0, 99, ROWS).tolist()), pa.int64()),
        "activity_score": pa.array(gaps(draw.random(ROWS).tolist())),
        "weight": pa.array(gaps(draw.random(ROWS).tolist()), pa.float32()),
        "visits": pa.array(gaps(draw.integers(-9, 9, ROWS).tolist()), pa.int32()),
        "plan": pa.array(gaps([f"Tarif {number} €" for number in range(ROWS)])),
        "raw": pa.array(gaps([b"x%d" % number for number in range(ROWS)])),
        "active": pa.array(gaps([bool(number % 2) for number in range(ROWS)])),
        "seen": pa.array(gaps(at), pa.timestamp("us", "UTC")),
        "ids": pa.array(gaps([list(range(number % 4)) for number in range(ROWS)]), pa.list_(pa.int64())),
        "scores": pa.array(gaps([[0.5] * (number % 3) for number in range(ROWS)]), pa.list_(pa.float32())),
        "words": pa.array(gaps([["ä"] * (number % 3) for number in range(ROWS)]), pa.list_(pa.string())),
    }
    pq.write_table(pa.table(users), folder / "users.parquet", row_group_size=97)
    visits = {
        "user_id": pa.array(draw.integers(0, 20, ROWS)),
        "shop": pa.array([f"shop {number % 7}" for number in range(ROWS)]),
        "at": pa.array([each.replace(tzinfo=None) for each in at], pa.timestamp("ns")),
        "count": pa.array(range(ROWS)),
    }
    pq.write_table(pa.table(visits), folder / "visits.parquet")
    preferences = {
        "user_id": pa.array(range(50)),
        "at": pa.array(at[:50], pa.timestamp("us", "UTC")),
        "chosen": pa.array(gaps([json.dumps({"theme": number}) for number in range(50)])),
        "level": pa.array(range(50)),
    }
    pq.write_table(pa.table(preferences), folder / "preferences.parquet")


def feast_yaml(store: dict[str, Any], **more: Any) -> str:
    """Feast's configuration of the repository."""
    common = {"project": "shop", "provider": "local", "registry": "registry.db", "entity_key_serialization_version": 3}
    return json.dumps({**common, "online_store": store, **more})


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The same three kinds of store twice: Feast's and ours."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    moto = request.getfixturevalue("moto")
    os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", FEAST_USAGE="False")
    folder = tmp_path_factory.mktemp("online")
    port = free_port()
    dynamodb = {"type": "dynamodb", "region": "eu-central-1", "endpoint_url": moto}

    def three(whose: str, number: int) -> dict[str, Any]:
        return {
            "local": {"type": "sqlite", "path": str(folder / f"{whose}.db")},
            "azure": {"type": "redis", "connection_string": f"127.0.0.1:{port},db={number}"},
            "aws": {**dynamodb, "table_name_template": whose + ".{table_name}"},
        }

    with started("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", port=port):
        yield {"feast": three("feast", 1), "ours": three("ours", 2), "port": port}


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory, feast: Any, stores: dict[str, Any]) -> Path:
    """The repository, materialised by Feast to its three stores and synced by nephoscope to the others."""
    folder = tmp_path_factory.mktemp("repository")
    write_tables(folder)
    (folder / "definitions.py").write_text(DEFINITIONS)
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    for store in stores["feast"].values():
        (folder / "feature_store.yaml").write_text(feast_yaml(store))
        for command in (["apply"], ["materialize-incremental", datetime.now(UTC).isoformat()]):
            line = [sys.executable, "-m", "feast.cli.cli", *command]
            subprocess.run(line, cwd=folder, check=True, capture_output=True, env=environment)
        (folder / "registry.db").unlink()
    configure(folder, stores["ours"])
    features = opened(folder)
    features.registry("local").apply(features.repository.registry())
    sync(features)
    return folder


def configure(folder: Path, stores: dict[str, Any], **more: Any) -> None:
    """Our configuration of the repository."""
    section = {"project": "shop", "repository": ".", "stores": stores, **more}
    (folder / "nephoscope.yaml").write_text(json.dumps({"version": 1, "features": section}))


def opened(folder: Path) -> FeatureStore:
    """The feature store as the command line opens it."""
    return Local.from_file(folder / "nephoscope.yaml").features


def sync(features: FeatureStore) -> tuple[Any, ...]:
    """Sync all views to all clouds."""
    from nephoscope.jobs.features import sync_all

    return sync_all("test", features.each_cloud, features.views, features.clock, features.written)


def contents(store: dict[str, Any], port: int) -> dict[Any, Any]:
    """Everything that a store holds, as it is stored."""
    if store["type"] == "sqlite":
        with sqlite3.connect(store["path"]) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        return {(table, row[0], row[1]): row[2:] for table, lines in found.items() for row in lines}
    if store["type"] == "redis":
        import redis

        client = redis.Redis(port=port, db=int(store["connection_string"].rpartition("=")[2]))
        return {key: client.hgetall(key) for key in client.scan_iter()}
    import boto3

    prefix = store["table_name_template"].partition(".")[0]
    client = boto3.client("dynamodb", region_name="eu-central-1", endpoint_url=store["endpoint_url"])
    tables = [name for name in client.list_tables()["TableNames"] if name.startswith(f"{prefix}.")]
    pages = {table: client.get_paginator("scan").paginate(TableName=table) for table in tables}
    return {
        (table.removeprefix(prefix), item["entity_id"]["S"]): item
        for table, found in pages.items()
        for page in found
        for item in page["Items"]
    }


@pytest.mark.parametrize("cloud", ["local", "azure", "aws"])
def test_every_byte_is_feasts_own(repository: Path, stores: dict[str, Any], cloud: str) -> None:
    """What a sync stores is what Feast's own materialize stores: every key, every feature, every time."""
    theirs = contents(stores["feast"][cloud], stores["port"])
    assert len(theirs) > USERS / 2
    assert contents(stores["ours"][cloud], stores["port"]) == theirs


def served(repository: Path, registry: bytes, store: dict[str, Any], feast: Any) -> Any:
    """An application's own FeatureStore on a registry and a store."""
    path = repository / f"application-{os.getpid()}.db"
    path.write_bytes(registry)
    config = feast.RepoConfig(
        project="shop",
        provider="local",
        registry={"registry_type": "file", "path": str(path), "cache_ttl_seconds": 0},
        online_store=store,
        entity_key_serialization_version=3,
    )
    return feast.FeatureStore(config=config)


@pytest.mark.parametrize("cloud", ["local", "azure", "aws"])
def test_an_application_reads_what_feast_would_have_written(
    repository: Path, stores: dict[str, Any], feast: Any, cloud: str
) -> None:
    """`get_online_features` answers the same from our stores as from Feast's, on-demand features and gaps included."""
    registry = opened(repository).registry_bytes
    asked = {
        "features": ["user_features:age", "user_features:activity_score", "user_features:words", "twice:doubled"],
        "entity_rows": [{"user_id": user} for user in (*range(40), 10**9)],
    }
    theirs, ours = (
        served(repository, registry, stores[whose][cloud], feast).get_online_features(**asked).to_dict()
        for whose in ("feast", "ours")
    )
    assert ours == theirs
    assert any(ours["age"])


def test_what_only_feast_can_encode_goes_through_feast(repository: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A type that the fast lane does not know is synced all the same, and the run and its log say which it was."""
    caplog.set_level("INFO", "nephoscope")
    features = opened(repository)
    view = next(view for view in features.views if view.name == "preferences")
    from nephoscope.features.plan import Window

    now = datetime.now(UTC)
    reading = features.each_cloud["local"].tables.read(view, Window(now - timedelta(days=3), now))
    assert reading.foreign == ("chosen (JSON)",)
    assert "'preferences' goes through Feast because of chosen (JSON)" in caplog.text
    assert sum(map(len, reading.batches)) == 50


LIGHT = """
import sys
from nephoscope.cli.main import main
main(["features", "sync", "--view", "user_features"])
main(["features", "parity", "--keys", "9", "--view", "user_features"])
print(*{"feast", "pandas", "dask"} & sys.modules.keys())
"""


def test_the_fast_lane_loads_neither_feast_nor_pandas(repository: Path) -> None:
    """A sync and a parity of types that the fast lane knows start at once and stay small, beside an installed Feast."""
    done = subprocess.run([sys.executable, "-c", LIGHT], cwd=repository, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == ""


def test_feasts_offline_store_gives_the_same_rows(repository: Path) -> None:
    """A source that Feast reads is synced like a file that is read here: the same keys, values and times."""
    from nephoscope.adapters.feast.tables import FeastTables
    from nephoscope.features.plan import Window

    features = opened(repository)
    view = next(view for view in features.views if view.name == "user_features")
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=30), now)
    feasts = FeastTables("shop", lambda: features.registry_bytes, {"type": "dask"}, repository)

    def rows(reading: Any) -> dict[bytes, Any]:
        return {
            key: (rows.event_us[at], [feature.values.rows()[at] for feature in rows.features.values()])
            for rows in reading.batches
            for at, key in enumerate(rows.keys.rows())
        }

    assert rows(feasts.read(view, window)) == rows(features.each_cloud["local"].tables.read(view, window))


def test_the_job_proves_parity_freshness_and_smoke(repository: Path, stores: dict[str, Any]) -> None:
    """One run of the job: three stores in step, fresh, and the example's features answered from each of them."""
    features = ["user_features:age", "user_features:activity_score"]
    user = next(
        user
        for user in range(USERS)
        if all(
            value is not None
            for value in _asked(stores["feast"]["local"], opened(repository).registry_bytes, features, user).values()
        )
    )
    configure(repository, stores["ours"], smoke={"features": features, "entity": {"user_id": user}})
    done = subprocess.run(
        [sys.executable, "-m", "nephoscope", "run", "features", "--output", "json"],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["counts"]["breach"] == 0, [each for each in report["findings"] if each["verdict"] != "ok"]
    assert report["counts"]["unknown"] == 0, [each for each in report["findings"] if each["verdict"] != "ok"]
    checks = [each["check"] for each in report["findings"]]
    assert (checks.count("features.smoke"), checks.count("features.parity")) == (3, 3)


def _asked(store: dict[str, Any], registry: bytes, features: list[str], user: int) -> Any:
    from nephoscope.adapters.feast.serving import FeastServing

    return FeastServing(store, "shop", registry).features(features, {"user_id": user})


READER = """
import sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from feast import FeatureStore, RepoConfig
store = FeatureStore(config=RepoConfig(project="shop", provider="local", entity_key_serialization_version=3,
    registry={"registry_type": "file", "path": sys.argv[1], "cache_ttl_seconds": 1},
    online_store={"type": "sqlite", "path": sys.argv[2]}))
print("ready", flush=True)
reads = 0
while not Path(sys.argv[3]).exists():
    found = store.get_online_features(features=["user_features:age"], entity_rows=[{"user_id": u} for u in range(20)])
    assert any(found.to_dict()["age"])
    reads += 1
print(reads, flush=True)
"""


def test_reads_go_on_while_a_sync_runs_and_after_one_was_killed(
    repository: Path, stores: dict[str, Any], tmp_path: Path
) -> None:
    """An application's reads never fail: no view is ever marked as being materialised."""
    registry, stop = tmp_path / "registry.db", tmp_path / "stop"
    registry.write_bytes(opened(repository).registry_bytes)
    arguments = [sys.executable, "-c", READER, str(registry), stores["ours"]["local"]["path"], str(stop)]
    reader = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    command = [sys.executable, "-m", "nephoscope", "features", "sync"]
    for seconds in (2.0, 4.0):
        killed = subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    stop.touch()
    told, failed = reader.communicate(timeout=60)
    assert reader.returncode == 0, failed
    assert int(told) > 0
    assert opened(repository).registry_bytes == registry.read_bytes()


class Unwell(BaseHTTPRequestHandler):
    """An S3 that answers every read with an error and counts what is written."""

    status = 503
    writes: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer(200 if self.path.count("/") == 1 else None)  # the bucket is there

    def do_PUT(self) -> None:
        type(self).writes.append(self.path)
        self._answer()

    def _answer(self, status: int | None = None) -> None:
        self.send_response(status or self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def unwell(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Unwell]]:
    """That S3, for boto3 and for Feast."""
    Unwell.writes = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Unwell)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "FEAST_S3_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    yield Unwell
    server.shutdown()


@pytest.mark.parametrize("status", [503, 403])
def test_a_registry_that_cannot_be_read_is_never_written_over(
    unwell: type[Unwell], repository: Path, tmp_path: Path, status: int
) -> None:
    """Where the bucket answers 503 or 403 the command says so, and not one byte is put."""
    unwell.status = status
    section = {"project": "shop", "repository": str(repository), "stores": {"aws": {"type": "sqlite", "path": "x.db"}}}
    written = {"version": 1, "stores": {"aws": "s3://registries/shop"}, "features": section}
    (tmp_path / "nephoscope.yaml").write_text(json.dumps(written))
    features = opened(tmp_path)
    wanted = opened(repository).registry_bytes
    for attempt in (lambda: features.registry("aws").apply(wanted), lambda: features.views):
        with pytest.raises(Transient):
            attempt()
    assert unwell.writes == []


TRAP = """
from feast import FeatureStore, RepoConfig
config = RepoConfig(project="shop", provider="local", entity_key_serialization_version=3,
    registry={"registry_type": "file", "path": "s3://registries/registry.db"},
    online_store={"type": "sqlite", "path": "/nonexistent/x.db"})
FeatureStore(config=config).list_feature_views()
"""


def test_feast_itself_would_write_an_empty_registry_over_it(unwell: type[Unwell], feast: Any) -> None:
    """The trap that is avoided: Feast takes a 503 for a registry that is not there, and puts a new one."""
    unwell.status = 503
    # In a process of its own, which ends on the refused put: Feast leaves the files open that it reads and puts.
    subprocess.run([sys.executable, "-c", TRAP], check=False, capture_output=True)
    assert any("registry.db" in path for path in unwell.writes)


CANARY = """
import pickle, os, sys
from pathlib import Path
from feast.protos.feast.core.Registry_pb2 import Registry

class Canary:
    def __reduce__(self):
        return (os.system, (f"touch {sys.argv[2]}",))

found = Registry.FromString(Path(sys.argv[1]).read_bytes())
body = pickle.dumps(Canary())
for view in found.on_demand_feature_views:
    for function in (view.spec.feature_transformation.user_defined_function, view.spec.user_defined_function):
        function.body, function.body_text = body, ""
Path(sys.argv[1]).write_bytes(found.SerializeToString())
"""


def test_code_in_a_registry_is_never_run(repository: Path, stores: dict[str, Any], tmp_path: Path, feast: Any) -> None:
    """Whoever can write the registry cannot make a plan, an apply, a sync, a parity or a smoke run code."""
    marker, path = tmp_path / MARKER, tmp_path / "registry.db"
    path.write_bytes(opened(repository).registry_bytes)
    subprocess.run([sys.executable, "-c", CANARY, str(path), str(marker)], check=True, capture_output=True)
    poisoned = path.read_bytes()
    assert code_in(poisoned) == ("twice",)

    folder = tmp_path / "poisoned"
    shutil.copytree(repository, folder, ignore=shutil.ignore_patterns("*.db*"))
    local = {"type": "sqlite", "path": "online.db"}
    smoke = {"features": ["user_features:age"], "entity": {"user_id": 1}}
    configure(folder, {"local": local, "aws": {"type": "sqlite", "path": "other.db"}}, smoke=smoke)
    registry = opened(folder).registry("local")
    registry.apply(poisoned)
    for command in ("features plan", "features sync", "features parity", "features freshness", "run features"):
        line = [sys.executable, "-m", "nephoscope", *command.split()]
        subprocess.run(line, cwd=folder, check=True, capture_output=True)
    assert not marker.exists()
    assert code_in(opened(folder).registry_bytes) == ("twice",)

    # The canary sings where Feast reads the view as it is stored.
    found = importlib.import_module("feast.protos.feast.core.Registry_pb2").Registry.FromString(poisoned)
    view = importlib.import_module("feast.on_demand_feature_view").OnDemandFeatureView
    with suppress(Exception):  # what os.system returns is no function
        view.from_proto(found.on_demand_feature_views[0])
    assert marker.exists()


@pytest.mark.parametrize("version", [1, 2])
def test_keys_that_feast_does_not_write_any_more_are_refused(repository: Path, tmp_path: Path, version: int) -> None:
    """A repository that asks for an older serialization of keys is not applied."""
    shutil.copy(repository / "definitions.py", tmp_path)
    (tmp_path / "feature_store.yaml").write_text(
        feast_yaml({"type": "sqlite"}, entity_key_serialization_version=version)
    )
    configure(tmp_path, {"local": {"type": "sqlite", "path": "x.db"}})
    with pytest.raises(BadSettings, match=f"entity_key_serialization_version {version}"):
        opened(tmp_path).repository.registry()


@pytest.mark.slow
def test_spark_materialises_the_same(repository: Path, stores: dict[str, Any], tmp_path: Path) -> None:
    """A view that Spark materialises is stored as Feast's own engine on one machine stores it, and counted."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make .venv-features")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    folder = tmp_path / "spark"
    shutil.copytree(repository, folder, ignore=shutil.ignore_patterns("*.db*"))
    conf = {"spark.master": "local[2]", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4"}
    store = {"type": "sqlite", "path": str(folder / "online.db")}
    configure(folder, {"local": store}, spark={"views": ["user_features", "visits"], "conf": conf})
    opened(folder).registry("local").apply(opened(repository).registry_bytes)
    line = [sys.executable, "-m", "nephoscope", "features", "sync", "--output", "json"]
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(line, cwd=folder, check=True, capture_output=True, env=environment)
    assert {each["verdict"] for each in json.loads(done.stdout)["findings"]} == {"ok"}
    theirs = contents(stores["feast"]["local"], 0)
    for key, (value, *_) in contents(store, 0).items():
        assert theirs[key][0] == value


def test_feasts_own_template_is_synced(tmp_path: Path, feast: Any) -> None:
    """What `feast init` makes is applied once and synced, and Feast reads from it what it would have written."""
    line = [sys.executable, "-m", "feast.cli.cli", "init", "started", "-t", "local"]
    subprocess.run(line, cwd=tmp_path, check=True, capture_output=True)
    folder = next(tmp_path.glob("*/feature_repo"))
    written = (folder / "feature_store.yaml").read_text()
    project = written.partition("project:")[2].split()[0]
    section = {"project": project, "repository": ".", "stores": {"local": {"type": "sqlite", "path": "ours.db"}}}
    (folder / "nephoscope.yaml").write_text(json.dumps({"version": 1, "features": section}))
    for command in ("features apply", "features plan", "features sync", "features freshness"):
        done = subprocess.run(
            [sys.executable, "-m", "nephoscope", *command.split(), "--output", "json"],
            cwd=folder,
            capture_output=True,
            check=True,
        )
        answer = json.loads(done.stdout)
        if command == "features plan":
            assert not any(answer["difference"].values())
    assert answer["findings"]

    for command in (["apply"], ["materialize-incremental", datetime.now(UTC).isoformat()]):
        subprocess.run([sys.executable, "-m", "feast.cli.cli", *command], cwd=folder, check=True, capture_output=True)
    theirs = contents({"type": "sqlite", "path": next(folder.glob("data/online_store.db"))}, 0)
    ours = contents({"type": "sqlite", "path": folder / "ours.db"}, 0)
    parsed = importlib.import_module("feast.protos.feast.types.Value_pb2").Value.FromString
    assert ours
    assert ours.keys() == {key for key in theirs if key[0] in {name for name, _, _ in ours}}
    for key, (value, *rest) in ours.items():  # maps have no order, so their bytes are Feast's own only when parsed
        assert (parsed(value), rest) == (parsed(theirs[key][0]), list(theirs[key][1:]))
