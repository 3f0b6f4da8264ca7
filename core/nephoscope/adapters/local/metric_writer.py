"""Model metrics into the SQLite file that SqliteMetrics reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection

from nephoscope.adapters.local.database import Database
from nephoscope.adapters.local.metrics import SCHEMA
from nephoscope.errors import BadSettings, Permanent, Transient
from nephoscope.monitoring.sample import Sample


class SqliteMetricWriter:
    """Samples in a SQLite file that any number of processes may share."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def batches(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """All of them: one transaction has no limit."""
        return [samples] if samples else []

    def put(self, batch: Sequence[Sample]) -> None:
        """
        Write one batch; a sample that is there already stays as it is.

        Raises:
            Permanent: A series has another value at that time; nothing of the batch is written.
            Transient: The file does not answer, or cannot be opened; once it can, the batch may be put again.
        """
        try:
            with self._database.transaction() as connection:
                for sample in batch:
                    _write(connection, sample)
        except BadSettings as error:
            raise Transient(error.what, do=error.do) from error


def _write(connection: Connection, sample: Sample) -> None:
    key = (sample.namespace, sample.name, json.dumps(dict(sample.labels)), sample.at.timestamp())
    connection.execute("INSERT OR IGNORE INTO samples VALUES (?, ?, ?, ?, ?)", (*key, sample.value))
    (kept,) = connection.execute(
        "SELECT value FROM samples WHERE (namespace, name, labels, at) = (?, ?, ?, ?)", key
    ).fetchone()
    if kept != sample.value:
        raise Permanent(f"There is already {replace(sample, value=kept)}.", do="put the other value at another time")
