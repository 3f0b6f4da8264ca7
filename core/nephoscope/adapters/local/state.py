"""State in one SQLite file: what object storage with conditional writes is in a cloud."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from nephoscope.adapters.local.database import Database
from nephoscope.ports import Lost, Version

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, version TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID"
)
_PAGE = 1000


class SqliteState:
    """Records in a SQLite file that any number of processes may share."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        version = _new_version()
        with self._database.transaction() as connection:
            try:
                connection.execute("INSERT INTO records VALUES (?, ?, ?)", (key, version, body))
            except sqlite3.IntegrityError:
                return Lost.EXISTS
        return version

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT body, version FROM records WHERE key = ?", (key,)).fetchone()
        return None if row is None else (bytes(row[0]), Version(row[1]))

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        new = _new_version()
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE records SET version = ?, body = ? WHERE key = ? AND version = ?", (new, body, key, version)
            ).rowcount
        return new if changed else Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order, a page at a time."""
        while True:
            with self._database.reading() as connection:
                page = [
                    row[0]
                    for row in connection.execute(
                        "SELECT key FROM records WHERE key >= ? AND key > ? AND substr(key, 1, ?) = ? "
                        "ORDER BY key LIMIT ?",
                        (prefix, after, len(prefix), prefix, _PAGE),
                    )
                ]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]


def _new_version() -> Version:
    return Version(secrets.token_hex(8))
