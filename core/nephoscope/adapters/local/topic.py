"""A topic in one SQLite file: at least once, in order of publishing, with a table for dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from nephoscope.adapters.local.database import Database
from nephoscope.ports import Clock

MOST_TRIES = 5
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, attributes TEXT NOT NULL,
    published_at TEXT NOT NULL, visible_at TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    dead_at TEXT, error TEXT
)"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery of one message; it comes again unless it is acknowledged before its visibility ends."""

    id: int
    body: bytes
    attributes: Mapping[str, str]
    published_at: datetime
    tries: int  # how often it was handed out, this time included
    error: str = ""  # for a dead one: why


class SqliteTopic:
    """A topic and its one subscription."""

    def __init__(self, path: Path, *, clock: Clock, visibility: timedelta = timedelta(seconds=60)) -> None:
        self._database = Database(path, _SCHEMA)
        self._clock = clock
        self._visibility = visibility

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        """Hand one message over; returning means that the topic has it."""
        now = self._stamp()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO messages (body, attributes, published_at, visible_at) VALUES (?, ?, ?, ?)",
                (body, msgspec.json.encode(attributes).decode(), now, now),
            )

    def receive(self, most: int = 10) -> list[Letter]:
        """Take messages that nobody holds; each is hidden from others until its visibility ends."""
        now = self._clock.now().astimezone(UTC)
        hidden_until = (now + self._visibility).isoformat()
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, body, attributes, published_at, tries + 1, '' FROM messages "
                "WHERE dead_at IS NULL AND visible_at <= ? ORDER BY id LIMIT ?",
                (now.isoformat(), most),
            ).fetchall()
            connection.executemany(
                "UPDATE messages SET tries = tries + 1, visible_at = ? WHERE id = ?",
                [(hidden_until, r[0]) for r in rows],
            )
        return [_letter(row) for row in rows]

    def acknowledge(self, letter: Letter) -> None:
        """It is done with; it does not come again."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (letter.id,))

    def refuse(
        self, letter: Letter, error: str, *, after: timedelta = timedelta(seconds=1), dead: bool = False
    ) -> None:
        """It could not be handled: it comes again `after` a while, or goes to the dead letters after five tries."""
        now = self._clock.now().astimezone(UTC)
        died = now.isoformat() if dead or letter.tries >= MOST_TRIES else None
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE messages SET visible_at = ?, dead_at = ?, error = ? WHERE id = ?",
                ((now + after).isoformat(), died, error, letter.id),
            )

    def dead_letters(self) -> list[Letter]:
        """What was given up, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, body, attributes, published_at, tries, error FROM messages "
                "WHERE dead_at IS NOT NULL ORDER BY id"
            ).fetchall()
        return [_letter(row) for row in rows]

    def redrive(self, letter: Letter) -> None:
        """Give a dead letter five new tries."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE messages SET dead_at = NULL, error = NULL, tries = 0, visible_at = ? WHERE id = ?",
                (self._stamp(), letter.id),
            )

    def waiting(self) -> int:
        """How many messages are not acknowledged and not dead."""
        with self._database.reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM messages WHERE dead_at IS NULL").fetchone()
        return int(count)

    def _stamp(self) -> str:
        return self._clock.now().astimezone(UTC).isoformat()


def _letter(row: tuple[int, bytes, str, str, int, str | None]) -> Letter:
    identity, body, attributes, published_at, tries, error = row
    return Letter(
        identity,
        bytes(body),
        msgspec.json.decode(attributes, type=dict[str, str]),
        datetime.fromisoformat(published_at),
        tries,
        error or "",
    )
