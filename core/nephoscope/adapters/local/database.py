"""One SQLite file shared by threads and processes."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nephoscope.errors import BadSettings, Permanent, Transient

BUSY_SECONDS = 30.0
PAUSE_SECONDS = 0.01
_CLOSED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class Database:
    """
    One connection for each process, opened when first used and taken in turns by its threads.

    Threads come and go with each delivery: a connection of its own for each would be opened and closed all the time.
    Its errors are told in our two families.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._turn = threading.Lock()
        self._opened: tuple[int, sqlite3.Connection] | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write under SQLite's lock; rolled back on any exception."""
        with self._turn, self._translated():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read what was committed."""
        with self._turn, self._translated():
            yield self._connection()

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_be_opened(self._path, error) from error
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        _wait_for_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(self._schema)
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CLOSED:
                raise _cannot_be_opened(self._path, error) from error
            raise Transient(f"The database '{self._path}' does not answer: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise Permanent(
                f"'{self._path}' is not a usable SQLite database: {error}.", do="move it away, or name another file"
            ) from error


def _cannot_be_opened(path: Path, error: Exception) -> BadSettings:
    return BadSettings(f"The database '{path}' cannot be opened: {error}.", do="check the path and its rights")


def _wait_for_wal(connection: sqlite3.Connection) -> None:
    """Of several that open a new file at once, SQLite refuses some at once, however long they were ready to wait."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(PAUSE_SECONDS)
