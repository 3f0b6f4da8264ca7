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

SCHEMES = {"aws": "s3a", "gcp": "gs", "azure": "abfss"}
DAMAGED = ("CANNOT_READ_FILE_FOOTER", "FAILED_READ_FILE", "UNABLE_TO_INFER_SCHEMA", "is not a Parquet file", "corrupt")


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
            what = f"Spark reads Parquet, '{table.key}' should be {expected}."
            raise Unreadable(what, do="land Parquet, or smaller files")
        try:
            rows = self._spark.read.parquet(_place(table))
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


def _place(table: ObjectRef) -> str:
    if table.provider == "local":
        return (Path(table.bucket) / table.key).resolve().as_uri()
    return f"{SCHEMES[table.provider]}://{table.bucket}/{table.key}"


def _translated(error: Exception, table: ObjectRef) -> BadPayload | Unreadable | Transient:
    said = next((line for line in str(error).splitlines() if "[" in line), first_line(error)).lstrip(": ")[:300]
    if isinstance(error, AnalysisException) and "PATH_NOT_FOUND" in str(error):
        return BadPayload(f"There is no '{table.url}'.", do="land it again")
    if any(sign in str(error) for sign in DAMAGED):
        return Unreadable(f"'{table.key}' is no readable Parquet table: {said}.", do=AGAIN)
    return Transient(f"Spark did not profile '{table.url}': {said}.")
