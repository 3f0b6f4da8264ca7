"""
Views beyond one machine: Feast's own spark.engine computes them, our encoder writes them, in Spark's executors.

The engine reads the source, filters, aggregates and keeps the newest row of each entity; the view is handed to it as
one that is not served, so that it stops there. What it computed is then written by the same code as on one machine,
a partition at a time, and each partition tells how many rows came in and went out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from feast import FeatureStore
from feast.infra.common.materialization_job import MaterializationTask
from feast.infra.compute_engines.spark.compute import SparkComputeEngine
from feast.infra.compute_engines.spark.feature_builder import SparkFeatureBuilder
from feast.infra.compute_engines.spark.utils import get_or_create_new_spark_session
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql.pandas.types import from_arrow_schema

from nephoscope.adapters.feast.encoding import encode
from nephoscope.adapters.feast.views import configuration
from nephoscope.adapters.files.feature_tables import encoded
from nephoscope.errors import Permanent, Transient
from nephoscope.features.code import without_code
from nephoscope.features.counts import Counted
from nephoscope.features.plan import Window
from nephoscope.features.ragged import of_rows
from nephoscope.features.rows import Rows, Written, gathered
from nephoscope.features.sample import merged, smallest
from nephoscope.features.view import NO_ENTITY, Source, View
from nephoscope.ports import OnlineStore

SAMPLE = 1000
_TOLD = pa.schema(
    [
        ("written", pa.int64()),
        ("older", pa.int64()),
        ("unusable", pa.int64()),
        ("sample", pa.list_(pa.binary())),
        ("refusal", pa.string()),
        ("do", pa.string()),
    ]
)
_NOWHERE = {"type": "sqlite", "path": "/nonexistent"}


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Spark, as the configuration names it; `store` opens the online store in each executor."""

    project: str
    registry: Callable[[], bytes]
    store: Callable[[], OnlineStore]
    folder: Path  # of the repository, which relative paths are relative to
    conf: Mapping[str, str] = field(default_factory=dict)
    partitions: int = 0
    staging: str = ""
    trusted: bool = False

    def materialize(self, view: View, window: Window) -> tuple[Counted, Written, list[bytes]]:
        """
        Read a window and write it online.

        Raises:
            Permanent: An executor cannot encode what the source holds, or its store refuses it.
            Transient: Spark, the source or the store failed.
        """
        registry = self.registry()
        with tempfile.TemporaryDirectory(prefix="nephoscope-") as scratch:
            path = Path(scratch) / "registry.db"
            path.write_bytes(registry if self.trusted else without_code(registry))
            try:
                computed = self._computed(view, window, path).persist()
                rows = computed.count()
                write = partial(write_partition, _computed_view(view), self.store)
                told = computed.mapInArrow(write, from_arrow_schema(_TOLD)).collect()
                computed.unpersist()
            except (PySparkException, Py4JError, OSError, ValueError) as error:
                first = str(error).partition("\n")[0]
                raise Transient(f"Spark cannot materialise the view '{view.name}': {first}.") from error
        for part in told:
            if part.refusal is not None:
                raise Permanent(part.refusal, do=part.do)
        written = sum((Written(part.written, part.older) for part in told), Written(0, 0))
        unusable = sum(part.unusable for part in told)
        return Counted(rows, unusable, 0), written, [bytes(key) for part in told for key in part.sample]

    def _computed(self, view: View, window: Window, registry: Path) -> Any:
        """The rows as Feast's engine makes them, a Spark data frame."""
        get_or_create_new_spark_session(dict(self.conf))
        engine = {"type": "spark.engine", "spark_conf": dict(self.conf), "partitions": self.partitions}
        staging = {"staging_location": self.staging} if self.staging else {}
        config = configuration(
            self.project,
            _NOWHERE,
            registry,
            batch_engine={**engine, **staging},
            offline_store={"type": "spark", "spark_conf": dict(self.conf)}
            if "spark" in view.source.kind
            else {"type": "dask"},
            repo_path=self.folder,
        )
        feast = FeatureStore(config=config)
        found = feast.get_feature_view(view.name)
        found.online = found.offline = False
        spark = SparkComputeEngine(
            repo_config=config,
            offline_store=feast._get_provider().offline_store,  # noqa: SLF001 - Feast hands it out nowhere else
            online_store=None,
        )
        task = MaterializationTask(
            project=self.project,
            feature_view=found,
            start_time=window.start,
            end_time=window.end,
            tqdm_builder=lambda _: None,
        )
        builder = SparkFeatureBuilder(
            registry=feast.registry, spark_session=get_or_create_new_spark_session(dict(self.conf)), task=task
        )
        frame = builder.build().execute(spark.get_execution_context(feast.registry, task)).data
        return frame.repartition(self.partitions) if self.partitions else frame


def write_partition(
    view: View, store: Callable[[], OnlineStore], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """
    Write the batches of one partition in an executor; one row tells what became of them.

    What no other try can mend is told and not raised: Spark would make the partition again.
    """
    written, sample, unusable = Written(0, 0), list[bytes](), 0
    refusal: Permanent | None = None

    def usable() -> Iterator[Rows]:
        nonlocal unusable
        for batch in batches:
            keyed = _keyed(view, batch)
            unusable += len(batch) - len(keyed)
            if len(keyed):
                yield encoded(view, keyed, encode)

    try:
        opened = store()
        for rows in gathered(usable(), opened.batch_rows):
            written += opened.write(view, rows)
            sample = merged([of_rows(sample), of_rows(smallest(rows.keys, SAMPLE))], SAMPLE)
    except Permanent as error:
        refusal = error
    told = [written.written, written.older, unusable, sample, refusal and refusal.what, refusal and refusal.do]
    yield pa.RecordBatch.from_pydict({name: [part] for name, part in zip(_TOLD.names, told, strict=True)}, schema=_TOLD)


def _keyed(view: View, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with every join key and an event time."""
    keys = [view.source.column(key) for key in view.join_keys if key != NO_ENTITY]
    for column in (*keys, view.source.timestamp_field):
        batch = batch.filter(batch.column(column).is_valid())
    return batch


def _computed_view(view: View) -> View:
    """The view over what the engine made of its source: the columns have the view's own names."""
    source = view.source
    return View(
        view.name,
        view.join_keys,
        view.features,
        Source("", source.kind, source.column(source.timestamp_field), source.created_column),
        view.ttl,
    )
