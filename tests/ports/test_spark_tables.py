"""Spark profiles with the same kernel: the same Profile, integer for integer."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.by_size import TablesBySize
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.profile import Column
from nephoscope.errors import BadPayload, Unreadable
from nephoscope.events import ObjectRef

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: make .venv-features")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="no Java: apt-get install openjdk-17-jre-headless"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    """Spark on two local threads."""
    from nephoscope.adapters.spark.tables import SparkTables

    tables = SparkTables("local[2]")
    yield tables
    tables.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in several row groups, and a damaged one."""
    place = tmp_path_factory.mktemp("spark")
    draw = np.random.default_rng(5)
    rows = 30_000
    table = pa.table(
        {
            "lognormal": pa.array(draw.lognormal(size=rows), mask=draw.uniform(size=rows) < 0.05),
            "odd": pa.array(np.where(draw.uniform(size=rows) < 0.01, np.nan, draw.normal(size=rows))),
            "integer": pa.array(draw.integers(0, 40, rows)),
            "truth": pa.array(draw.uniform(size=rows) < 0.3),
            "word": pa.array(draw.choice(list("abcdef"), rows)),
            "many": pa.array([f"w{k}" for k in draw.integers(0, 300, rows)]),
            "text": pa.array([f"row {k}" for k in range(rows)]),
            "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * rows),
            "nested": pa.array([[1, 2]] * rows),
        }
    )
    pq.write_table(table, place / "table.parquet", row_group_size=4_000)
    pq.write_table(table.slice(0, 0), place / "empty.parquet")
    (place / "cut.parquet").write_bytes((place / "table.parquet").read_bytes()[:-100])
    return place


def integers(column: Column) -> object:
    """All that must be equal."""
    found = column.numbers
    told = found and (found.edges.tolist(), found.counts.tolist(), found.nan, found.low, found.high)
    return (column.name, column.kind, column.nulls, column.categories, told)


def test_a_profile_made_by_spark_is_the_one_made_here(spark: object, folder: Path) -> None:
    """With bins of its own and over given ones, in however many partitions."""
    place = ObjectRef("local", str(folder), "table.parquet")
    here = FileTables().profile(place)
    there = spark.profile(place)  # type: ignore[attr-defined]
    again = spark.profile(place, like=here)  # type: ignore[attr-defined]
    for profile in (there, again):
        assert profile.rows == here.rows
        assert [integers(column) for column in profile.columns] == [integers(column) for column in here.columns]


def test_what_is_no_table_has_an_answer(spark: object, folder: Path) -> None:
    """Missing, empty and damaged tables are told apart."""
    for name, error in (("cut.parquet", Unreadable), ("empty.parquet", Unreadable), ("none.parquet", BadPayload)):
        with pytest.raises(error):
            spark.profile(ObjectRef("local", str(folder), name))  # type: ignore[attr-defined]


def test_a_type_that_spark_does_not_read_is_unreadable(spark: object, folder: Path) -> None:
    """No waiting makes Spark read a time of day."""
    pq.write_table(pa.table({"t": pa.array([3600], pa.time32("s"))}), folder / "time.parquet")
    with pytest.raises(Unreadable, match="Illegal Parquet type"):
        spark.profile(ObjectRef("local", str(folder), "time.parquet"))  # type: ignore[attr-defined]


def test_spark_says_that_it_profiles_parquet_alone(spark: object, folder: Path) -> None:
    """A large CSV file, expected or not, is told to land as Parquet or in smaller objects."""
    (folder / "large.csv").write_text("x\n" + "1\n" * 10_000)
    for expected in (None, "csv"):
        with pytest.raises(Unreadable, match="Spark profiles Parquet alone, and 'large"):
            spark.profile(ObjectRef("local", str(folder), "large.csv"), expected=expected)  # type: ignore[attr-defined]


def test_spark_counts_repeated_rows_of_a_key(spark: object, folder: Path) -> None:
    """As many as are counted here."""
    place, key = ObjectRef("local", str(folder), "table.parquet"), ("integer", "many")
    here = FileTables().profile(place, key=key)
    there = spark.profile(place, key=key)  # type: ignore[attr-defined]
    assert (there.key, there.duplicates) == (here.key, here.duplicates)


def test_a_large_object_is_handed_over(spark: object, folder: Path) -> None:
    """Beyond the stated size a table goes to Spark."""
    asked = []

    class Noting:
        def profile(
            self, table: ObjectRef, *, like: object = None, expected: object = None, key: object = ()
        ) -> object:
            asked.append(table.size)
            return FileTables().profile(table)

    tables = TablesBySize(FileTables(), Noting(), most_bytes=1_000)  # type: ignore[arg-type]
    for size in (None, 1_000, 1_001):
        tables.profile(ObjectRef("local", str(folder), "table.parquet", size=size))
    assert asked == [1_001]
