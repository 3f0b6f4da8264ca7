"""What a process wrote last saves it the reading, and is never trusted beyond that."""

from dataclasses import dataclass, field

from nephoscope import records
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.ports import Lost, State, Version
from nephoscope.records import Memory


@dataclass
class Counting(MemoryState):
    """A State that notes its calls."""

    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        MemoryState.__init__(self)

    def get(self, key: str) -> tuple[bytes, Version] | None:
        self.calls.append("get")
        return super().get(key)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Lost:  # type: ignore[override]
        self.calls.append("replace")
        return super().replace(key, version, body)


def add(state: State, memory: Memory | None) -> int | None:
    """Add 1 to a counter."""
    return records.change(state, "n", int, lambda old: (old or 0) + 1, memory=memory, pause=lambda _: None)


def test_what_was_written_last_is_not_read_again() -> None:
    """A process that is alone with a record reads it once; each further change is one request."""
    state, memory = Counting(), Memory()
    for _ in range(10):
        add(state, memory)
    assert records.read(state, "n", int) == 10
    assert state.calls == ["get"] + ["replace"] * 9 + ["get"]


def test_what_another_wrote_meanwhile_is_not_lost() -> None:
    """A bet against another writer is refused by the store, and the change made on what stands."""
    state, mine, theirs = Counting(), Memory(), Memory()
    for _ in range(20):
        add(state, mine)
        add(state, theirs)
    assert records.read(state, "n", int) == 40


def test_that_there_is_nothing_to_write_is_decided_on_what_stands() -> None:
    """A record that another changed is seen as it is, though this process remembers it otherwise."""
    state, memory = Counting(), Memory()
    add(state, memory)
    add(state, None)
    seen: list[int | None] = []

    def nothing(old: int | None) -> int | None:
        seen.append(old)
        return old

    assert records.change(state, "n", int, nothing, memory=memory) == 2
    assert seen == [1, 2]


def test_bets_that_are_lost_become_rare() -> None:
    """Where another writes in turn, most changes read first, as they would without a memory."""
    state, memory = Counting(), Memory()
    for _ in range(100):
        add(state, memory)
        add(state, None)
    assert records.read(state, "n", int) == 200
    assert state.calls.count("replace") <= 200 + 20


def test_a_memory_keeps_within_its_bytes() -> None:
    """The oldest is forgotten first."""
    memory = Memory(most_bytes=100)
    for number in range(50):
        memory.learn(f"k{number}", (b"x" * 10, Version("1")), was_bet=False)
    assert [memory.bet(f"k{number}") is not None for number in (0, 39, 40, 49)] == [False, False, True, True]
