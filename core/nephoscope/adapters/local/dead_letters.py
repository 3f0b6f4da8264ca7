"""The dead letters of a topic in one SQLite file, which holds them itself."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.ports import DeadLetter, Waiting


class SqliteDeadLetters:
    """What a local topic gave up; new tries are one write."""

    def __init__(self, topic: SqliteTopic) -> None:
        self._topic = topic

    def waiting(self) -> Waiting:
        """What waits now, oldest first."""
        found = self._topic.dead_letters()
        return Waiting(tuple(DeadLetter(one.published_at, one.tries, one.error, one) for one in found))

    def redrive(self, letter: DeadLetter) -> None:
        """Give it five new tries."""
        self._topic.redrive(letter.handle)

    def leave(self, letters: Sequence[DeadLetter]) -> None:
        """Nothing was held."""
