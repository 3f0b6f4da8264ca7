"""Model metrics into the SQLite file that SqliteMetrics reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nephoscope.adapters.local.database import Database
from nephoscope.adapters.local.metrics import SCHEMA
from nephoscope.monitoring.sample import Sample


class SqliteMetricWriter:
    """Samples in a SQLite file that any number of processes may share."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def batches(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """All of them: one transaction has no limit."""
        return [samples] if samples else []

    def put(self, batch: Sequence[Sample]) -> None:
        """Write one batch; a sample that is there already stays as it is."""
        rows = [
            (each.namespace, each.name, json.dumps(dict(each.labels)), each.at.timestamp(), each.value)
            for each in batch
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO samples VALUES (?, ?, ?, ?, ?)", rows)
