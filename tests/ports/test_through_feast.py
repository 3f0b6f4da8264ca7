"""What only Feast can encode, and what Spark computed: nothing is lost, and an error is its view's alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import nephoscope
import numpy as np
import pyarrow as pa
import pytest
from fakes.feast_registry import registry_of
from nephoscope.adapters.files.feature_tables import encoded
from nephoscope.adapters.online.sqlite import SqliteOnlineStore
from nephoscope.errors import Permanent, Transient, Unreadable
from nephoscope.features.columns import Numbers
from nephoscope.features.decode import decoded
from nephoscope.features.keys import entity_keys
from nephoscope.features.value_types import ValueType
from nephoscope.features.view import Source, View

pytest.importorskip("feast", reason="feast is not installed: make .venv-features")
pytestmark = pytest.mark.filterwarnings("ignore")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JSON = 32
BEYOND_DOUBLES = 2**53 + 1


def view(**features: int) -> View:
    """A view of some features."""
    return View("users", {"id": 4}, features, Source("users.parquet", "", "at"))


def batch(ids: Sequence[int | None], **columns: pa.Array) -> pa.RecordBatch:
    """Rows of one source, each an hour later than the one before."""
    at = pa.array([NOON + timedelta(hours=hour) for hour in range(len(ids))], pa.timestamp("us", "UTC"))
    return pa.record_batch({"id": pa.array(ids, pa.int64()), "at": at, **columns})


def key(user: int) -> bytes:
    """The entity key of one user."""
    return entity_keys({"id": (ValueType.INT64, Numbers(np.array([user]), np.ones(1, dtype=np.bool_)))}).rows()[0]


def test_a_column_for_feast_rounds_no_other() -> None:
    """Integers with gaps stay exact beside a column that only Feast can encode, and keys stay the same."""
    from nephoscope.adapters.feast.encoding import encode

    some = batch([BEYOND_DOUBLES, 2], account=pa.array([BEYOND_DOUBLES, None]), prefs=pa.array(["{}", '{"a": 1}']))
    found = encoded(view(account=4, prefs=JSON), some, encode)
    assert [decoded(value)[1] for value in found.features["account"].values.rows()] == [BEYOND_DOUBLES, None]
    assert found.features["prefs"].values.rows()[0]
    assert found.keys.rows() == [key(BEYOND_DOUBLES), key(2)]


def test_a_key_that_only_feast_can_encode_stands_beside_one_that_is_encoded_here() -> None:
    """Each join key takes its own lane, and the entity's key is the one that Feast makes of both."""
    from nephoscope.adapters.feast.encoding import encode

    both = View("users", {"id": 4, "shop": 2}, {}, Source("users.parquet", "", "at"))
    plain = batch([7], shop=pa.array(["a"]))
    foreign = pa.record_batch({"id": pa.array([7.0]), "at": plain["at"], "shop": plain["shop"]})
    expected = encoded(both, plain, None).keys.rows()
    assert encode(both, plain).keys.rows() == encoded(both, foreign, encode).keys.rows() == expected


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        pytest.param(4, pa.array([float("inf")]), id="no integer"),
        pytest.param(19, pa.array([1]), id="no type for values"),
        pytest.param(99, pa.array(["a"]), id="a type of a later Feast"),
    ],
)
def test_what_feast_cannot_encode_is_unreadable(kind: int, column: pa.Array) -> None:
    """Whatever Feast raises for a value or a type, it is told as that view's own and never breaks a run."""
    from nephoscope.adapters.feast.encoding import encode

    with pytest.raises(Unreadable, match="a batch of the view 'users'"):
        encode(view(age=kind), batch([1], age=column))


SETS = """
import pyarrow as pa
from datetime import UTC, datetime
from nephoscope.adapters.feast.encoding import encode
from nephoscope.features.view import Source, View

texts, numbers = ["red", "green", "blue", "black"], [300, 2, -1, 2**40]
columns = {
    "tags": (23, pa.array([texts])),
    "keys": (22, pa.array([[text.encode() for text in texts]])),
    "ids": (25, pa.array([numbers])),
    "shares": (26, pa.array([[number / 3 for number in numbers]])),
    "seen": (29, pa.array([[datetime(2026, 1, day, tzinfo=UTC) for day in (4, 2, 9)]])),
    "none": (23, pa.array([[]], pa.list_(pa.string()))),
}
view = View("users", {"id": 4}, {name: kind for name, (kind, _) in columns.items()}, Source("", "", "at"))
fixed = {"id": pa.array([1]), "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)])}
batch = pa.record_batch({**fixed, **{name: column for name, (_, column) in columns.items()}})
for name, feature in encode(view, batch).features.items():
    print(name, feature.values.rows()[0].hex())
"""


def test_a_set_has_the_same_bytes_in_every_process() -> None:
    """Two clouds' functions store a set alike, and Feast reads all of its items back."""
    from feast.protos.feast.types.Value_pb2 import Value

    told = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SETS],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(nephoscope.__file__).parents[1])},
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    values = {name: Value.FromString(bytes.fromhex(found)) for name, found in map(str.split, told[0].splitlines())}
    assert set(values["tags"].string_set_val.val) == {"red", "green", "blue", "black"}
    assert set(values["ids"].int64_set_val.val) == {300, 2, -1, 2**40}
    assert set(values["shares"].double_set_val.val) == {number / 3 for number in (300, 2, -1, 2**40)}
    assert len(values["seen"].unix_timestamp_set_val.val) == 3
    assert values["none"].HasField("string_set_val")


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_times_in_a_list_are_cut_as_feast_cuts_them(unit: str) -> None:
    """Before 1970 and at the end of all times too, where a scalar's fraction is cut in another way."""
    from feast import ValueType as Kinds
    from feast.type_map import python_values_to_proto_values

    second = {"s": 1, "ms": 1_000, "us": 1_000_000}[unit]
    times = [-3 * second // 2, -1, 0, 1, 253_402_300_800 * second - 1, -62_135_596_800 * second + 1]
    one = pa.array([times, []], pa.list_(pa.timestamp(unit, "UTC")))
    seen = {"list": (ValueType.UNIX_TIMESTAMP_LIST, one), "one": (ValueType.UNIX_TIMESTAMP, one.flatten())}
    for kind, column in seen.values():
        found = encoded(view(seen=kind), batch(range(len(column)), seen=column), None).features["seen"].values.rows()
        theirs = python_values_to_proto_values(column.to_numpy(zero_copy_only=False), Kinds(kind))
        assert found == [value.SerializeToString() for value in theirs]


STORE = """
from feast.errors import FeastError
from feast.infra.online_stores.online_store import OnlineStore
from feast.repo_config import FeastConfigBaseModel
from psycopg import OperationalError


class AwayOnlineStoreConfig(FeastConfigBaseModel):
    type: str = "away.AwayOnlineStore"
    error: str


class AwayOnlineStore(OnlineStore):
    def update(self, config, *_, **__):
        raise eval(config.online_store.error)

    online_read = online_write_batch = online_write_batch_async = teardown = update
"""


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store of somebody's own, and a driver as Feast's Postgres store has it."""
    from nephoscope.adapters.feast.faults import faults

    (tmp_path / "psycopg.py").write_text("class Error(Exception): ...\nclass OperationalError(Error): ...\n")
    (tmp_path / "away.py").write_text(STORE)
    monkeypatch.syspath_prepend(tmp_path)
    faults.cache_clear()
    yield
    faults.cache_clear()


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("error", ["OperationalError('gone')", "FeastError('gone')", "RuntimeError('gone')"])
def test_whatever_feasts_store_raises_is_the_stores_own_fault(error: str) -> None:
    """A driver's error, one of Feast's and what its remote store raises are told as a store that does not answer."""
    from nephoscope.adapters.feast.store import FeastOnlineStore

    section = {"type": "away.AwayOnlineStore", "error": error}
    store = FeastOnlineStore(section, "shop", registry_of(view(age=4)).SerializeToString())
    with pytest.raises(Transient, match=r"'away.AwayOnlineStore' does not answer: gone"):
        store.read(view(age=4), [key(1)])


def told(part: Iterator[pa.RecordBatch]) -> dict[str, Any]:
    """What an executor tells of its partition."""
    (row,) = next(part).to_pylist()
    return dict(row)


def test_a_row_without_a_key_is_nobodys_in_spark_either(tmp_path: Path) -> None:
    """An executor leaves out rows without a join key and counts them; the entity 0 keeps its own row."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make .venv-features")
    from nephoscope.adapters.feast.spark import write_partition

    opened = partial(SqliteOnlineStore, tmp_path / "online.db", "shop")
    ages = view(age=4)
    opened().prepare(ages)
    batches = [batch([0, None], age=pa.array([1, 999])), batch([None], age=pa.array([998]))]
    found = told(write_partition(ages, opened, iter(batches)))
    assert (found["written"], found["older"], found["unusable"]) == (1, 0, 2)
    (held,) = opened().read(ages, [key(0)])
    assert held is not None
    assert decoded(held.values["age"])[1] == 1


def test_an_executor_tells_what_it_cannot_encode(tmp_path: Path) -> None:
    """A value that does not fit its type is told by the executor, and Spark does not try the partition again."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make .venv-features")
    from nephoscope.adapters.feast.spark import write_partition

    opened = partial(SqliteOnlineStore, tmp_path / "online.db", "shop")
    opened().prepare(view(age=4))
    found = told(write_partition(view(age=4), opened, iter([batch([1], age=pa.array([float("inf")]))])))
    assert "cannot encode a batch of the view 'users'" in found["refusal"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="no Java: apt-get install openjdk-17-jre-headless")
@pytest.mark.parametrize(("age", "unusable"), [(pa.array([1, 2, 3]), 1), (pa.array([float("inf")] * 3), None)])
def test_spark_counts_and_refuses_as_one_machine_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: pa.Array, unusable: int | None
) -> None:
    """Rows without a key are counted as unusable, and a value that does not fit is nothing to try again."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make .venv-features")
    import pyarrow.parquet as pq
    from nephoscope.adapters.feast.spark import SparkEngine
    from nephoscope.features.counts import Counted
    from nephoscope.features.plan import Window
    from nephoscope.features.registry import views

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(Path(nephoscope.__file__).parents[1]))
    path = tmp_path / "users.parquet"
    pq.write_table(pa.Table.from_batches([batch([0, None, 5], age=age)]), path)
    registry = registry_of(replace(view(age=4), source=Source(str(path), "", "at"), ttl=timedelta(days=30)))
    (served,) = views(registry.SerializeToString(), "shop")

    opened = partial(SqliteOnlineStore, tmp_path / "online.db", "shop")
    opened().prepare(served)
    conf = {"spark.master": "local[1]", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1"}
    engine = SparkEngine("shop", registry.SerializeToString, opened, tmp_path, conf=conf)
    window = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))
    if unusable is None:
        with pytest.raises(Permanent, match="cannot encode a batch of the view 'users'"):
            engine.materialize(served, window)
    else:
        assert engine.materialize(served, window)[0] == Counted(3, unusable, 0)
