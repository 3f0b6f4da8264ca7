"""
SQLite as Feast lays it out: one table a view, one line a feature.

Times are stored as whole seconds of the machine's own zone, as Feast's adapters for `sqlite3` store them, so of two
rows within one second the one that is written last stands. Where that zone's clocks go forward, the hour they leave out
is stored as the hour after it: nobody can tell there which row is older, and the one that is written last stands.

Keys come in no order, and a row lands in the table and in two indexes of it. What costs is the pages that are written
again and again; so many rows are put in order before they are written.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from nephoscope.adapters.local.database import Database
from nephoscope.features.instants import PER_SECOND
from nephoscope.features.ragged import Integers
from nephoscope.features.rows import Rows, Stored, Written
from nephoscope.features.shown import shown
from nephoscope.features.view import View

ROWS_A_TRANSACTION = 20_000
KEYS_A_QUERY = 500
DAY = 86_400
CACHE = "PRAGMA cache_size = -16384"  # KiB: neighbours are written together, only inner pages have to stay


class SqliteOnlineStore:
    """One SQLite file that serves a project's features."""

    atomic = True
    batch_rows = 131_072

    def __init__(self, path: Path, project: str) -> None:
        self._database = Database(path, CACHE)
        self._project = project

    def prepare(self, view: View) -> None:
        """Make the view's table, as Feast makes it."""
        table, index = self._table(view), self._table(view, "_ek")
        with self._database.transaction() as connection:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (entity_key BLOB, feature_name TEXT, value BLOB, value_text TEXT,"
                " vector_value BLOB, event_ts timestamp, created_ts timestamp, PRIMARY KEY(entity_key, feature_name))"
            )
            connection.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} (entity_key)")

    def write(self, view: View, rows: Rows) -> Written:
        """Write a batch; rows that are older than what is stored are left alone."""
        order = np.array(sorted(range(len(rows)), key=rows.keys.rows().__getitem__), dtype=np.int64)
        written = Written(0, 0)
        for start in range(0, len(rows), ROWS_A_TRANSACTION):
            written += self._write(view, rows.take(order[start : start + ROWS_A_TRANSACTION]))
        return written

    def read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        """Read the rows of some entities; a table that is not there holds none."""
        found: dict[bytes, Stored] = {}
        for start in range(0, len(keys), KEYS_A_QUERY):
            found |= self._read(view, keys[start : start + KEYS_A_QUERY])
        return [found.get(key) for key in keys]

    def _write(self, view: View, rows: Rows) -> Written:
        event, created = _times(rows)
        columns: list[Sequence[object]] = [rows.keys.rows(), event, created, _not_newer(event)]
        for name in view.features:
            columns += [rows.features[name].values.rows(), shown(rows.features[name])]
        with self._database.transaction() as connection:
            changed = connection.executemany(self._statement(view), zip(*columns, strict=True)).rowcount
        written = -(-changed // len(view.features))
        return Written(written, len(rows) - written)

    def _statement(self, view: View) -> str:
        """Writes all lines of one entity: its key, times and what they may replace, then each value and its text."""
        names = [_quoted(name, "'") for name in view.features]
        lines = ", ".join(f"(?1, {name}, ?{5 + 2 * at}, ?{6 + 2 * at}, ?2, ?3)" for at, name in enumerate(names))
        return (
            f"INSERT INTO {self._table(view)} (entity_key, feature_name, value, value_text, event_ts, created_ts)"  # noqa: S608
            f" VALUES {lines} ON CONFLICT (entity_key, feature_name) DO UPDATE SET value = excluded.value,"
            " value_text = excluded.value_text, vector_value = NULL, event_ts = excluded.event_ts,"
            " created_ts = excluded.created_ts WHERE event_ts <= ?4"
        )

    def _read(self, view: View, keys: Sequence[bytes]) -> dict[bytes, Stored]:
        marks = ",".join("?" * len(keys))
        query = (
            f"SELECT entity_key, feature_name, value, event_ts FROM {self._table(view)}"  # noqa: S608
            f" WHERE entity_key IN ({marks}) ORDER BY entity_key"
        )
        known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        with self._database.reading() as connection:
            there = connection.execute(known, [self._name(view)]).fetchone()
            lines = connection.execute(query, list(keys)).fetchall() if there else []
        return {bytes(key): _stored(view, list(found)) for key, found in groupby(lines, itemgetter(0))}

    def _table(self, view: View, suffix: str = "") -> str:
        return _quoted(self._name(view) + suffix, '"')

    def _name(self, view: View) -> str:
        return f"{self._project}_{view.name}"


def _times(rows: Rows) -> tuple[Sequence[int], Sequence[int | None]]:
    created = [None] * len(rows) if rows.created_us is None else _local_seconds(rows.created_us)
    return _local_seconds(rows.event_us), created


def _quoted(name: str, mark: str) -> str:
    return mark + name.replace(mark, mark * 2) + mark


def _stored(view: View, lines: list[tuple[bytes, str, bytes, int]]) -> Stored:
    seconds = max(line[3] for line in lines)
    event_us = int(datetime.fromtimestamp(seconds).replace(tzinfo=UTC).timestamp()) * PER_SECOND  # noqa: DTZ006
    values = {name: bytes(value) for _, name, value, _ in lines}
    return Stored(event_us, {name: values.get(name, b"") for name in view.features})


def _not_newer(stored: Sequence[int]) -> list[int]:
    """The latest stored time that may be that of a row no newer than the one that is stored as each of these."""
    if _is_utc():
        return list(stored)
    return [_last_of_hour(at) for at in stored]


def _last_of_hour(stored: int) -> int:
    """The end of the hour that stands for two, where a time falls into one; else the time itself."""
    offset = _offset(stored)
    skipped = offset - _offset(stored - DAY)
    if skipped <= 0 or _offset(stored - skipped) == offset:
        return stored
    before = range(stored - skipped, stored + 1)
    return before[bisect_left(before, offset, key=_offset)] + skipped - 1


def _is_utc() -> bool:
    return time.timezone == 0 and not time.daylight


def _offset(at: int) -> int:
    return time.localtime(at).tm_gmtoff


def _local_seconds(times_us: Integers) -> list[int]:
    """What `int(naive_utc.timestamp())` makes of each time: whole seconds, cut towards 0, in the machine's zone."""
    seconds: list[int] = np.trunc(times_us / PER_SECOND).astype(np.int64).tolist()
    if _is_utc():
        return seconds
    naive = [datetime.fromtimestamp(second, UTC).replace(tzinfo=None) for second in seconds]
    return [int(at.timestamp()) for at in naive]
