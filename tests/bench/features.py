"""
A million rows to Redis and to SQLite, against Feast's own `materialize` in the same run, and parity over three stores.

Each path runs as a process of its own, side by side in pairs; the ratio is the median of the pairs' ratios. After each
run every key of the store is read and digested: the stored bytes must be the same. Exits with 1 where Redis is less
than 6 times as fast or takes more than 256 MB, where SQLite is less than 2.5 times as fast, where a byte differs, or
where parity of 10,000 keys over SQLite and two Redis takes more than 10 s. Parity with DynamoDB on moto is shown beside
what moto alone takes to answer the same requests, which is most of it.

    python tests/bench/features.py [--rows 1000000] [--pairs 3] [redis] [sqlite] [parity]

It needs Feast, redis-server and moto: make .venv-features.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MOST_MB, LEAST_REDIS, LEAST_SQLITE, MOST_PARITY_SECONDS = 256.0, 6.0, 2.5, 10.0
PARITY_KEYS = 10_000
DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Bool, Float64, Int64, String

user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
source = FileSource(name="users", path="users.parquet", timestamp_field="event_timestamp")
schema = [Field(name="age", dtype=Int64), Field(name="activity_score", dtype=Float64), Field(name="plan", dtype=String)]
schema.append(Field(name="active", dtype=Bool))
view = FeatureView(name="user_features", entities=[user], ttl=timedelta(days=30), schema=schema, source=source)
"""
FEAST = """
from datetime import datetime, UTC
from feast import FeatureStore
FeatureStore(repo_path=".").materialize_incremental(end_date=datetime.now(UTC))
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One process."""

    seconds: float  # by the wall
    processor: float  # its own seconds of processor time
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.processor:.1f} s of processor), {self.megabytes:.0f} MB"


def make_repository(folder: Path, rows: int) -> None:
    """A Feast repository with one file of distinct users; made elsewhere, for a child inherits its parent's peak."""
    maker = multiprocessing.get_context("spawn").Process(target=write_repository, args=(folder, rows))
    maker.start()
    maker.join()


def write_repository(folder: Path, rows: int) -> None:
    """Write the file and the definitions."""
    generator = np.random.default_rng(7)
    now = datetime.now(UTC).replace(microsecond=0)
    at = np.datetime64(now.replace(tzinfo=None), "us") - generator.integers(0, 86_400, rows).astype("timedelta64[s]")
    table = {
        "user_id": generator.permutation(rows),
        "event_timestamp": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "age": generator.integers(18, 90, rows),
        "activity_score": generator.random(rows),
        "plan": pa.array(["free", "basic", "team", "enterprise"]).take(pa.array(generator.integers(0, 4, rows))),
        "active": generator.random(rows) < 0.5,
    }
    pq.write_table(pa.table(table), folder / "users.parquet", compression="zstd")
    (folder / "definitions.py").write_text(DEFINITIONS)


def configure(folder: Path, store: dict[str, object], stores: dict[str, dict[str, object]] | None = None) -> None:
    """The same online store for Feast and for nephoscope."""
    common = {"project": "shop", "provider": "local", "registry": "registry.db", "entity_key_serialization_version": 3}
    (folder / "feature_store.yaml").write_text(json.dumps({**common, "online_store": store}))
    section = {"project": "shop", "repository": ".", "stores": stores or {"local": store}}
    (folder / "nephoscope.yaml").write_text(json.dumps({"version": 1, "features": section}))


def child(folder: Path, *arguments: str) -> Measured:
    """Run Python in a folder; its wall time and its largest memory."""
    started = time.perf_counter()
    environment = os.environ | {"FEAST_USAGE": "False", "PYTHONWARNINGS": "ignore"}
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, stdout=output, stderr=output, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit((folder / "output.txt").read_text())
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def forget(folder: Path) -> None:
    """Start both from nothing: no registry, no watermark."""
    for name in ("registry.db", "nephoscope.db", "nephoscope.db-wal", "nephoscope.db-shm"):
        (folder / name).unlink(missing_ok=True)
    child(folder, "-m", "feast.cli.cli", "apply")
    child(folder, "-m", "nephoscope", "features", "apply", "--registry", "registry.db")


def pairs(folder: Path, count: int, clear: Callable[[], None], digest: Callable[[], str]) -> tuple[float, float]:
    """Run both, `count` times; the median ratio and our largest memory."""
    ratios, largest = [], 0.0
    for number in range(count):
        clear()
        forget(folder)
        theirs = child(folder, "-c", FEAST)
        expected = digest()
        clear()
        forget(folder)
        ours = child(folder, "-m", "nephoscope", "features", "sync")
        same = digest() == expected
        ratios.append(theirs.seconds / ours.seconds)
        largest = max(largest, ours.megabytes)
        print(
            f"  pair {number + 1}: Feast {theirs}; nephoscope {ours}; {ratios[-1]:.1f} times;"
            f" bytes {'the same' if same else 'DIFFER'}",
            flush=True,
        )
        if not same:
            raise SystemExit(1)
    return statistics.median(ratios), largest


def redis_server(port: str) -> list[str]:
    """A Redis that keeps nothing on disk."""
    return ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""]


def moto_server(port: str) -> list[str]:
    """AWS' services."""
    return [f"{sys.prefix}/bin/moto_server", "-H", "127.0.0.1", "-p", port]


@contextmanager
def serving(command: Callable[[str], list[str]]) -> Iterator[int]:
    """A server on a free port, until it answers and until it is not needed any more."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = subprocess.Popen(command(str(port)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def digest_redis(port: int) -> str:
    """Every key and every field of it, in whatever order they come."""
    import redis

    client = redis.Redis(port=port)
    total = count = 0
    keys: list[bytes] = []

    def take() -> None:
        nonlocal total, count
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.hgetall(key)
        for key, fields in zip(keys, pipe.execute(), strict=True):
            body = repr((key, sorted(fields.items()))).encode()
            total ^= int.from_bytes(hashlib.blake2b(body, digest_size=16).digest())
            count += 1
        keys.clear()

    for key in client.scan_iter(count=10_000):
        keys.append(key)
        if len(keys) == 10_000:
            take()
    take()
    return f"{count} {total:032x}"


def digest_sqlite(path: Path) -> str:
    """Every row in the order of its key."""
    total = hashlib.blake2b(digest_size=16)
    with sqlite3.connect(path) as connection:
        for row in connection.execute("SELECT * FROM shop_user_features ORDER BY entity_key, feature_name"):
            total.update(repr(row).encode())
    return total.hexdigest()


def bench_redis(folder: Path, rows: int, count: int) -> bool:
    """Feast's materialize against features sync, to Redis."""
    import redis

    make_repository(folder, rows)
    with serving(redis_server) as port:
        configure(folder, {"type": "redis", "connection_string": f"127.0.0.1:{port}"})
        ratio, megabytes = pairs(folder, count, redis.Redis(port=port).flushall, lambda: digest_redis(port))
    print(f"redis: {ratio:.1f} times Feast (goal {LEAST_REDIS}), {megabytes:.0f} MB (goal {MOST_MB:.0f})")
    return ratio >= LEAST_REDIS and megabytes <= MOST_MB


def bench_sqlite(folder: Path, rows: int, count: int) -> bool:
    """Feast's materialize against features sync, to SQLite."""
    make_repository(folder, rows)
    configure(folder, {"type": "sqlite", "path": "online.db"})

    def clear() -> None:
        for file in folder.glob("online.db*"):
            file.unlink()

    ratio, megabytes = pairs(folder, count, clear, lambda: digest_sqlite(folder / "online.db"))
    print(f"sqlite: {ratio:.1f} times Feast (goal {LEAST_SQLITE}), {megabytes:.0f} MB")
    return ratio >= LEAST_SQLITE


class MotoAlone:
    """Sends what DynamoDB's client would send, and does nothing with what comes back."""

    def __init__(self, port: int) -> None:
        self._port = port

    def batch_get_item(self, **request: object) -> dict[str, object]:
        """Have moto answer one request."""
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.BatchGetItem",
            "Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/eu-central-1/dynamodb/aws4_request",
        }
        with closing(HTTPConnection("127.0.0.1", self._port)) as connection:
            connection.request("POST", "/", json.dumps(request), headers)
            answer = connection.getresponse()
            if len(answer.read()) < 10_000:
                raise SystemExit(f"moto answers {answer.status} without items")
        return {"Responses": {}}


def moto_alone(port: int) -> float:
    """How many seconds moto itself takes for the requests of a parity."""
    from nephoscope.adapters.online.dynamodb import DynamoDbOnlineStore
    from nephoscope.features.columns import Numbers
    from nephoscope.features.keys import entity_keys
    from nephoscope.features.value_types import ValueType
    from nephoscope.features.view import Source, View

    users = Numbers(np.arange(PARITY_KEYS), np.ones(PARITY_KEYS, dtype=np.bool_))
    keys = entity_keys({"user_id": (ValueType.INT64, users)}).rows()
    view = View("user_features", {"user_id": ValueType.INT64}, {}, Source("", "", "event_timestamp"))
    started = time.perf_counter()
    DynamoDbOnlineStore(MotoAlone(port), "shop").read(view, keys)
    return time.perf_counter() - started


def parity(folder: Path, stores: dict[str, dict[str, object]]) -> Measured:
    """Sync to some stores, then compare every key of them."""
    configure(folder, {"type": "sqlite", "path": "feast.db"}, stores)
    forget(folder)
    child(folder, "-m", "nephoscope", "features", "sync")
    measured = child(folder, "-m", "nephoscope", "features", "parity", "--keys", str(PARITY_KEYS), "--output", "json")
    (finding,) = json.loads((folder / "output.txt").read_text())["findings"]
    if (finding["verdict"], finding["evidence"]["keys"]) != ("ok", PARITY_KEYS):
        raise SystemExit(finding["reason"])
    return measured


def bench_parity(folder: Path) -> bool:
    """The same keys of three stores; DynamoDB on moto beside it, which is as slow as moto is."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "eu-central-1"}
    make_repository(folder, PARITY_KEYS)
    local: dict[str, object] = {"type": "sqlite", "path": "parity.db"}
    with serving(redis_server) as one, serving(redis_server) as two, serving(moto_server) as moto:
        azure, gcp = ({"type": "redis", "connection_string": f"127.0.0.1:{port}"} for port in (one, two))
        measured = parity(folder, {"local": local, "azure": azure, "gcp": gcp})
        print(
            f"parity of {PARITY_KEYS} keys over SQLite and two Redis: {measured} (goal {MOST_PARITY_SECONDS:.0f} s)",
            flush=True,
        )
        aws = {"type": "dynamodb", "region": "eu-central-1", "endpoint_url": f"http://127.0.0.1:{moto}"}
        emulated = parity(folder, {"local": local, "azure": azure, "aws": aws})
        print(
            f"parity of {PARITY_KEYS} keys over SQLite, Redis and DynamoDB on moto: {emulated}; moto alone takes"
            f" {moto_alone(moto):.1f} s to answer the same requests",
            flush=True,
        )
    return measured.seconds <= MOST_PARITY_SECONDS


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("what", nargs="*", choices=["redis", "sqlite", "parity", []], default=[])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    what = arguments.what or ["parity", "redis", "sqlite"]
    if shutil.which("redis-server") is None:
        raise SystemExit("redis-server is not installed: apt-get install redis-server")
    print(f"{arguments.rows} rows, {arguments.pairs} pairs", flush=True)
    benches: dict[str, Callable[[Path], bool]] = {
        "parity": bench_parity,
        "redis": lambda folder: bench_redis(folder, arguments.rows, arguments.pairs),
        "sqlite": lambda folder: bench_sqlite(folder, arguments.rows, arguments.pairs),
    }
    good = True
    for name in what:
        with TemporaryDirectory(prefix="nephoscope-bench-") as scratch:
            good = benches[name](Path(scratch)) and good
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
