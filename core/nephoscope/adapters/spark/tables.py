"""Parquet tables of any size, told as Profiles by a Spark cluster."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path

import msgspec
from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession

from nephoscope.adapters.files.formats import AGAIN, first_line
from nephoscope.adapters.files.readings import Making
from nephoscope.adapters.spark.passes import RESULT, Partition, Survey, outline, profiling, surveying
from nephoscope.drift.profile import Profile, Source, from_json, merge, to_json
from nephoscope.errors import BadPayload, Transient, Unreadable
from nephoscope.events import ObjectRef

SCHEMES = {"aws": "s3a", "gcp": "gs"}
OTHER_FORMAT = "is not a Parquet file"
DAMAGED = (
    "CANNOT_READ_FILE_FOOTER",
    "FAILED_READ_FILE",
    "UNABLE_TO_INFER_SCHEMA",
    "PARQUET_TYPE_ILLEGAL",
    OTHER_FORMAT,
    "corrupt",
)


class SparkTables:
    """
    Tables read by Spark 4 and profiled by `mapInArrow`.

    The workers import this package: they run in this environment (`local[2]`), or in one where it is installed.
    """

    def __init__(self, url: str = "local[*]", *, bins: int = 1_024, salt: str = "") -> None:
        """Name a master (`local[2]`, `spark://…`, `yarn`, `k8s://…`) or a Spark Connect server (`sc://…`)."""
        self._url = url
        self._how = Making(bins=bins, salt=salt)

    @cached_property
    def _spark(self) -> SparkSession:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.appName("nephoscope").config("spark.sql.session.timeZone", "UTC")
        if self._url.startswith("sc://"):
            return builder.remote(self._url).getOrCreate()
        return builder.master(self._url).config("spark.ui.enabled", "false").getOrCreate()

    def profile(
        self,
        table: ObjectRef,
        *,
        like: Profile | None = None,
        expected: str | None = None,
        key: tuple[str, ...] = (),
    ) -> Profile:
        """
        Profile a Parquet file, or a folder of them, over the bins of `like` where one is given.

        Raises:
            Unreadable: It is no Parquet table, or has no rows.
            BadPayload: It is not there.
            Transient: The cluster does not answer.
        """
        if expected not in (None, "parquet"):
            raise _foreign(table, f"should be {expected}")
        try:
            rows = self._spark.read.parquet(place(table))
            bins = like or self._outline(rows, table)
            parts = [from_json(body) for body in _results(rows, profiling(to_json(bins)))]
        except (PySparkException, Py4JError) as error:
            raise _translated(error, table) from error
        if not parts:
            raise Unreadable(f"'{table.key}' has 0 rows.", do=AGAIN, why="NO_DATA")
        whole = merge(*parts)
        source = Source(table.url, table.version, table.size, whole.rows)
        key = key or (like.key if like else ())
        duplicates = None
        if key and set(key) <= set(rows.columns):
            duplicates = whole.rows - rows.select(*(f"`{name}`" for name in key)).distinct().count()
        return Profile(whole.rows, whole.columns, (source,), key, duplicates)

    def _outline(self, rows: DataFrame, table: ObjectRef) -> Profile:
        surveys = [msgspec.json.decode(body, type=Survey) for body in _results(rows, surveying)]
        if not surveys:
            raise Unreadable(f"'{table.key}' has 0 rows.", do=AGAIN, why="NO_DATA")
        return outline(surveys, self._how)

    def close(self) -> None:
        """End the session."""
        if "_spark" in self.__dict__:
            self._spark.stop()


def _results(rows: DataFrame, partition: Partition) -> list[bytes]:
    return [bytes(row.result) for row in rows.mapInArrow(partition, RESULT).collect()]


def place(table: ObjectRef) -> str:
    """
    An object as Hadoop's file systems spell it.

    >>> place(ObjectRef("azure", "account/landing", "a/b.parquet"))
    'abfss://landing@account.dfs.core.windows.net/a/b.parquet'
    >>> place(ObjectRef("aws", "landing", "a/b.parquet"))
    's3a://landing/a/b.parquet'
    """
    if table.provider == "local":
        return (Path(table.bucket) / table.key).resolve().as_uri()
    if table.provider == "azure":
        account, _, container = table.bucket.partition("/")
        return f"abfss://{container}@{account}.dfs.core.windows.net/{table.key}"
    return f"{SCHEMES[table.provider]}://{table.bucket}/{table.key}"


def _foreign(table: ObjectRef, what: str) -> Unreadable:
    told = f"Spark profiles Parquet alone, and '{table.key}' {what}."
    return Unreadable(
        told, do="land Parquet, or objects of at most tables.larger_than_mib, which are read without Spark"
    )


def _translated(error: Exception, table: ObjectRef) -> BadPayload | Unreadable | Transient:
    said = next((line for line in str(error).splitlines() if "[" in line), first_line(error)).lstrip(": ")[:300]
    if isinstance(error, AnalysisException) and "PATH_NOT_FOUND" in str(error):
        return BadPayload(f"There is no '{table.url}'.", do="land it again")
    if OTHER_FORMAT in str(error) and not table.key.endswith((".parquet", "/")):
        return _foreign(table, "is none")
    if any(sign in str(error) for sign in DAMAGED):
        return Unreadable(f"'{table.key}' is no readable Parquet table: {said}.", do=AGAIN)
    return Transient(f"Spark did not profile '{table.url}': {said}.")
