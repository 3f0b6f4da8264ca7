"""Sources that are no files: what Feast's own offline stores answer, such as BigQuery, Snowflake and Redshift."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from feast import RepoConfig
from feast.errors import FeastError
from feast.infra.offline_stores.offline_utils import get_offline_store_from_config

from nephoscope.adapters.feast.encoding import encode
from nephoscope.adapters.feast.faults import faults
from nephoscope.adapters.feast.views import configuration, feast_views
from nephoscope.adapters.files.feature_tables import BATCH_ROWS, encoded
from nephoscope.errors import Permanent, Transient
from nephoscope.events import ObjectRef
from nephoscope.features.code import without_code
from nephoscope.features.counts import Counted
from nephoscope.features.plan import Window
from nephoscope.features.reading import Reading
from nephoscope.features.rows import Rows
from nephoscope.features.view import NO_ENTITY, View

_NOWHERE = {"type": "sqlite", "path": "/nonexistent"}


@dataclass(frozen=True, slots=True)
class FeastTables:
    """One of Feast's offline stores, by the repository's own section `offline_store`."""

    project: str
    registry: Callable[[], bytes]
    offline_store: Mapping[str, Any]
    folder: Path

    def read(self, view: View, window: Window, *, landed: ObjectRef | None = None) -> Reading:  # noqa: ARG002
        """
        Read the rows of a window, of which the store itself keeps the newest of each entity; no file lands there.

        Raises:
            Permanent: Feast refuses the view's source.
            Transient: The store does not answer.
        """
        config = configuration(
            self.project, _NOWHERE, Path("/nonexistent"), offline_store=dict(self.offline_store), repo_path=self.folder
        )
        table = self._table(config, view, window)
        due = _keyed(view, table)
        foreign = tuple(f"{name} ({kind})" for name, kind in view.foreign.items())
        return Reading(Counted(len(table), len(table) - len(due), 0), _batches(view, due), foreign)

    def _table(self, config: RepoConfig, view: View, window: Window) -> pa.Table:
        source = feast_views(without_code(self.registry()), self.project)[view.name].batch_source
        try:
            job = get_offline_store_from_config(config.offline_store).pull_latest_from_table_or_query(
                config=config,
                data_source=source,
                join_key_columns=[view.source.column(key) for key in view.join_keys if key != NO_ENTITY],
                feature_name_columns=[view.source.column(feature) for feature in view.features],
                timestamp_field=view.source.timestamp_field,
                created_timestamp_column=view.source.created_column or None,
                start_date=window.start,
                end_date=window.end,
            )
            table: pa.Table = job.to_arrow()
        except FeastError as error:
            raise Permanent(
                f"Feast refuses the source of '{view.name}': {error}.", do="correct it, apply again"
            ) from error
        except faults() as error:
            raise Transient(f"The source of the view '{view.name}' does not answer: {error}.") from error
        return table


def _keyed(view: View, table: pa.Table) -> pa.Table:
    """The rows with every join key and an event time."""
    columns = [view.source.column(key) for key in view.join_keys if key != NO_ENTITY]
    for column in (*columns, view.source.timestamp_field):
        table = table.filter(table.column(column).is_valid())
    return table


def _batches(view: View, table: pa.Table) -> Iterator[Rows]:
    """Every piece of a table in pieces: Feast's own conversion takes only the first."""
    for batch in table.to_batches(max_chunksize=BATCH_ROWS):
        if len(batch):
            yield encoded(view, batch, encode)
