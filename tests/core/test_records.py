"""Records change under compare-and-swap: no update is lost, and no answer that got lost is taken for a conflict."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from nephoscope import records
from nephoscope.adapters.local.state import SqliteState
from nephoscope.errors import Transient
from nephoscope.ports import Lost, State, Version


@dataclass
class Unreliable:
    """A State that calls `before` ahead of each write and loses the answers of the first `lose` writes."""

    inner: State
    before: Callable[[], None] = lambda: None
    lose: int = 0

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        self.before()
        return self._answer(self.inner.create(key, body))

    def get(self, key: str) -> tuple[bytes, Version] | None:
        return self.inner.get(key)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        self.before()
        return self._answer(self.inner.replace(key, version, body))

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        return self.inner.list(prefix, after=after)

    def _answer(self, answer: object) -> object:  # type: ignore[return]
        if self.lose:
            self.lose -= 1
            return Lost.CONFLICT  # what an SDK that tried again by itself gets to see
        return answer


@pytest.fixture
def state(tmp_path: Path) -> SqliteState:
    """An empty store."""
    return SqliteState(tmp_path / "state.db")


def no_pause(_: float) -> None:
    """Tests do not wait."""


def test_a_record_changes_from_what_stands(state: SqliteState) -> None:
    """The first change sees None, the next what the first one wrote."""
    seen = []

    def add(old: int | None) -> int:
        seen.append(old)
        return (old or 0) + 1

    assert [records.change(state, "n", int, add) for _ in range(3)] == [1, 2, 3]
    assert seen == [None, 1, 2]


def test_a_change_that_lost_the_race_is_made_again(state: SqliteState) -> None:
    """Somebody else's write in between is read, not overwritten."""
    records.change(state, "n", int, lambda _: 10)
    others = iter([True, False])

    def interfere() -> None:
        if next(others, False):
            records.change(state, "n", int, lambda old: (old or 0) + 100)

    contended = Unreliable(state, before=interfere)
    assert records.change(contended, "n", int, lambda old: (old or 0) + 1, pause=no_pause) == 111


@pytest.mark.parametrize("lose", [1, 2])
def test_a_lost_answer_is_not_a_conflict(state: SqliteState, lose: int) -> None:
    """The write was applied and its answer was lost: it is recognised by its nonce and not applied twice."""
    records.change(state, "n", int, lambda _: 1)
    changed = records.change(Unreliable(state, lose=lose), "n", int, lambda old: (old or 0) + 1, pause=no_pause)
    assert changed == 2
    assert records.read(state, "n", int) == 2


def test_a_record_that_stays_the_same_is_not_written(state: SqliteState) -> None:
    """None, or the very same record, leaves the stored version alone."""
    records.change(state, "n", int, lambda _: 500)
    before = state.get("n")
    records.change(state, "n", int, lambda old: old)
    records.change(state, "n", int, lambda _: None)
    assert state.get("n") == before


def test_endless_contention_ends_as_transient(state: SqliteState) -> None:
    """After twenty tries the Event is left to be delivered again."""
    counter = iter(range(10_000))
    always = Unreliable(state, before=lambda: records.change(state, "n", int, lambda _: next(counter)) and None)
    waits: list[float] = []
    with pytest.raises(records.Contended, match="20 times"):
        records.change(always, "n", int, lambda old: (old or 0) + 1, pause=waits.append)
    assert len(waits) == records.MOST_TRIES
    assert all(0.02 <= wait <= 0.5 for wait in waits)


@pytest.mark.parametrize(
    "body",
    [
        b'{"schema": 2, "nonce": "", "record": 1}',
        b"\x00",
        b"{}",
        b'{"schema": 1, "nonce": "", "record": "x"}',
        b'{"schema": 1, "nonce": "\xff", "record": 1}',
    ],
)
def test_a_record_of_a_later_version_is_left_alone(state: SqliteState, body: bytes) -> None:
    """It is neither read as something else nor overwritten, and the message behind it is not acknowledged."""
    state.create("n", body)
    with pytest.raises(records.NewerRecord, match="cannot be read") as caught:
        records.change(state, "n", int, lambda _: 1)
    assert isinstance(caught.value, Transient)
    found = state.get("n")
    assert found is not None
    assert found[0] == body
