"""A registry loses nothing, whoever writes at the same time and whoever dies."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.errors import BadRecord, Transient, Unreadable
from nephoscope.features.merge import difference, merged
from nephoscope.features.registry import objects
from nephoscope.features.values import tag
from nephoscope.features.varint import encoded
from nephoscope.ports import Lost, State, Version
from nephoscope.registries import StoredRegistry, version_of


def field(number: int, body: bytes | str) -> bytes:
    """One field of a protocol buffer."""
    written = body.encode() if isinstance(body, str) else body
    return tag(number, 2) + encoded(len(written)) + written


def registry(*entities: str, about: str = "") -> bytes:
    """A registry of some entities."""
    specs = [field(1, name) + field(9, "shop") + field(3, about) for name in entities]
    return b"".join(field(1, field(1, spec)) for spec in specs)


def names(body: bytes | None) -> list[str]:
    """The names of a registry's objects."""
    return sorted(found.name for found in objects(body or b""))


@pytest.fixture
def stored(tmp_path: Path, clock: FixedClock) -> StoredRegistry:
    """A registry in a store of its own."""
    return StoredRegistry(SqliteState(tmp_path / "home.db"), clock, "shop", pause=lambda _: None)


def test_an_apply_keeps_what_others_put_there(stored: StoredRegistry) -> None:
    """Two repositories of one project are applied one after the other, and both are there."""
    stored.apply(registry("user"))
    assert stored.apply(registry("shop")).difference.added == ("entity shop",)
    assert names(stored.current()) == ["shop", "user"]


def test_an_apply_that_changes_nothing_writes_nothing(stored: StoredRegistry) -> None:
    """The same repository twice is one version."""
    first = stored.apply(registry("user"))
    again = stored.apply(registry("user"))
    assert (bool(again.difference), again.version) == (False, first.version)
    assert [entry.version for entry in stored.history().counted] == [first.version]


def test_a_changed_description_is_shown_and_replaced(stored: StoredRegistry) -> None:
    """What changes is named before and after."""
    stored.apply(registry("user", "shop"))
    wanted = registry("user", about="who buys")
    assert difference(stored.current(), wanted).changed == ("entity user",)
    assert stored.apply(wanted).difference.changed == ("entity user",)
    assert names(stored.current()) == ["shop", "user"]


def test_pruning_removes_what_the_repository_does_not_define(stored: StoredRegistry) -> None:
    """With prune, and only then, objects of the project leave."""
    stored.apply(registry("user", "shop"))
    assert stored.apply(registry("user"), prune=True).difference.removed == ("entity shop",)
    assert names(stored.current()) == ["user"]


def test_an_earlier_version_counts_again(stored: StoredRegistry) -> None:
    """A rollback brings an earlier registry back byte for byte, and the history goes on."""
    first = stored.apply(registry("user")).version
    second = stored.apply(registry("shop")).version
    stored.rollback(first)
    assert stored.current() == registry("user")
    assert [entry.version for entry in stored.history().counted] == [first, second, first]
    with pytest.raises(BadRecord, match="no registry version 'nothing'"):
        stored.rollback("nothing")


def test_what_is_no_registry_is_left_alone(stored: StoredRegistry) -> None:
    """A registry that cannot be read is an error, and is not written over."""
    stored.state.create("features/shop/registry.db", b"\xff\xff\xff no registry")
    with pytest.raises(Unreadable):
        stored.apply(registry("user"))
    assert stored.current() == b"\xff\xff\xff no registry"


def test_a_promotion_takes_over_what_counts_at_home(stored: StoredRegistry, tmp_path: Path, clock: FixedClock) -> None:
    """Another bucket holds the registry of home, byte for byte."""
    other = StoredRegistry(SqliteState(tmp_path / "other.db"), clock, "shop")
    stored.apply(registry("user"))
    assert other.promote(stored).difference.added == ("entity user",)
    stored.apply(registry("shop"))
    assert other.promote(stored).version == version_of(stored.current() or b"")
    assert other.current() == stored.current()


def test_a_slow_promotion_never_goes_back(stored: StoredRegistry, tmp_path: Path, clock: FixedClock) -> None:
    """A promotion that was overtaken while it wrote leaves the newer registry where it is."""
    place = SqliteState(tmp_path / "other.db")
    other = StoredRegistry(place, clock, "shop")
    stored.apply(registry("user"))
    other.promote(stored)
    stored.apply(registry("shop"))

    def overtake() -> None:
        stored.apply(registry("basket"))
        other.promote(stored)

    StoredRegistry(_Overtaken(place, overtake), clock, "shop", pause=lambda _: None).promote(stored)
    assert names(other.current()) == ["basket", "shop", "user"]


def test_a_registry_that_never_counted_at_home_is_not_replaced(
    stored: StoredRegistry, tmp_path: Path, clock: FixedClock
) -> None:
    """Somebody else's registry in the bucket is an error for people, not something to write over."""
    other = StoredRegistry(SqliteState(tmp_path / "other.db"), clock, "shop")
    other.apply(registry("stranger"))
    stored.apply(registry("user"))
    with pytest.raises(BadRecord, match="never counted at home"):
        other.promote(stored)
    assert names(other.current()) == ["stranger"]


def test_a_store_that_does_not_answer_is_never_taken_for_empty(clock: FixedClock) -> None:
    """Where a registry cannot be read, nothing is written."""
    broken = _Broken()
    with pytest.raises(Transient):
        StoredRegistry(broken, clock, "shop").apply(registry("user"))
    assert broken.writes == 0


def test_the_history_is_made_whole_after_a_death(stored: StoredRegistry) -> None:
    """Whoever dies between the registry and its history loses neither; looking writes nothing, the next apply does."""
    body = registry("user")
    stored.state.create("features/shop/registry.db", body)
    assert [entry.version for entry in stored.history().counted] == [version_of(body)]
    assert stored.state.get("features/shop/history.json") is None
    stored.apply(body)
    assert stored.state.get("features/shop/history.json") is not None
    assert [entry.version for entry in stored.history().counted] == [version_of(body)]


WRITER = """
    import os, signal, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from nephoscope.adapters.local.clock import FixedClock
    from nephoscope.adapters.local.state import SqliteState
    from nephoscope.ports import Lost
    from nephoscope.registries import StoredRegistry

    class Doomed:
        def __init__(self, real, at):
            self.real, self.at = real, at
        def die(self, place):
            if place == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
        def get(self, key):
            return self.real.get(key)
        def create(self, key, body):
            self.die(1)
            written = self.real.create(key, body)
            self.die(2)
            return written
        def replace(self, key, version, body):
            self.die(3)
            written = self.real.replace(key, version, body)
            if not isinstance(written, Lost):
                self.die(4)
            return written

    path, at = Path(sys.argv[1]), int(sys.argv[2])
    state = Doomed(SqliteState(path), at)
    registry = StoredRegistry(state, FixedClock(datetime(2026, 11, 24, tzinfo=UTC)), "shop")
    registry.apply(bytes.fromhex(sys.argv[3]))
"""


def test_eight_at_once_and_some_killed_lose_nothing(stored: StoredRegistry, tmp_path: Path) -> None:
    """Eight processes apply an entity each, four others are killed in the write: nine of nine objects are there."""
    stored.apply(registry("first"))
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(WRITER))

    def start(entity: str, dies_at: int) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, str(script), str(tmp_path / "home.db"), str(dies_at), registry(entity).hex()]
        return subprocess.Popen(arguments, env=os.environ, stderr=subprocess.PIPE)

    doomed = [start(f"doomed{at}", at) for at in (1, 2, 3, 4)]
    living = [start(f"entity{number}", 0) for number in range(8)]
    for process in living:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told.decode()
    for process in doomed:
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL

    found = names(stored.current())
    assert {"first", *(f"entity{number}" for number in range(8))} <= set(found)
    assert "doomed4" in found  # it died after its write
    assert len(found) == len(set(found))
    assert version_of(stored.current() or b"") in stored.history()


entities = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"]), max_size=5)


@given(entities, entities)
def test_a_merge_holds_both_and_is_settled(first: dict[str, str], second: dict[str, str]) -> None:
    """Of two registries every object is there once, the newer description of it, and a second merge changes nothing."""
    one = b"".join(registry(name, about=about) for name, about in first.items())
    two = b"".join(registry(name, about=about) for name, about in second.items())
    both = merged(one, two)
    assert names(both) == sorted({*first, *second})
    assert not difference(both, two)
    assert merged(both, two) == both


class _Overtaken:
    """A store in which somebody else is faster, once."""

    def __init__(self, real: State, meanwhile: Callable[[], None]) -> None:
        self._real, self._meanwhile = real, meanwhile
        self.get, self.create, self.list = real.get, real.create, real.list

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return self._real.replace(key, version, body)


class _Broken:
    """A store that answers 503, as S3 does."""

    writes = 0

    def get(self, key: str) -> tuple[bytes, Version] | None:
        raise Transient("503 Slow Down")

    def create(self, key: str, body: bytes) -> Version:
        self.writes += 1
        return Version("1")

    def replace(self, key: str, version: Version, body: bytes) -> Version:
        self.writes += 1
        return version

    def list(self, prefix: str, *, after: str = "") -> list[str]:
        return []
