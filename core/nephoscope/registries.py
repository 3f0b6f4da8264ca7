"""
A Feast project's registry, over any State that keeps bodies as they are; never overwritten, always replaced.

    features/<project>/registry.db             what counts, as Feast itself reads it
    features/<project>/versions/<version>.db   every registry that ever counted, create-only
    features/<project>/history.json            which counted when, the newest last

Feast's own file registries are written whole by whoever comes last, and one that could not be read is taken for empty
and written over. Here a registry that cannot be read raises, and what others wrote meanwhile is merged, not lost.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nephoscope import records
from nephoscope.errors import BadRecord
from nephoscope.features.merge import Difference, difference, merged
from nephoscope.features.registry import objects
from nephoscope.ports import Clock, Lost, State


@dataclass(frozen=True, slots=True)
class Counted:
    """From when on a version counted."""

    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Every version that counted, the newest last."""

    counted: tuple[Counted, ...] = ()

    def __contains__(self, version: str) -> bool:
        return any(entry.version == version for entry in self.counted)

    def with_newest(self, version: str, at: datetime) -> History:
        """The same where that version is the newest already, else with it."""
        if self.counted and self.counted[-1].version == version:
            return self
        return History((*self.counted, Counted(version, at)))


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply or a promotion did."""

    difference: Difference
    version: str  # of what counts now


@dataclass(frozen=True, slots=True)
class StoredRegistry:
    """One project's registry in one cloud's store."""

    state: State
    clock: Clock
    project: str
    pause: Callable[[float], None] = time.sleep

    def current(self) -> bytes | None:
        """The registry that counts; None where none was ever applied."""
        found = self.state.get(self._key)
        return None if found is None else found[0]

    def apply(self, wanted: bytes, *, prune: bool = False) -> Applied:
        """
        Put a repository's objects into the registry, whatever others put there at the same time.

        Args:
            wanted: The registry that the repository makes by itself.
            prune: Remove the project's objects that the repository does not define.

        Raises:
            Contended: Others kept winning.
            Unreadable: What counts now is no registry; it is left as it is.
        """

        def to(old: bytes | None) -> bytes:
            return old if old and not difference(old, wanted, prune=prune) else merged(old, wanted, prune=prune)

        changes = difference(self.current(), wanted, prune=prune)
        return Applied(changes, version_of(self._replace(to)))

    def promote(self, home: StoredRegistry) -> Applied:
        """
        Take over what counts at home.

        Home is read after this place, and this place is written only if it did not change since: what is taken over is
        never older than what was here.

        Raises:
            BadRecord: This place holds a registry that never counted at home.
        """
        before = self.current()
        if home.current() is None:
            return Applied(Difference(), "" if before is None else version_of(before))
        body = self._replace(lambda old: self._taken_over(old, home))
        return Applied(difference(before, body, prune=True), version_of(body))

    def rollback(self, version: str) -> Applied:
        """
        Make an earlier version count again; the history goes on.

        Raises:
            BadRecord: There is none of that name.
        """
        found = self.state.get(self._version(version))
        if found is None:
            raise BadRecord(
                f"The project '{self.project}' has no registry version '{version}'.",
                do="see its history: nephoscope features plan",
            )
        before = self.current()
        self._replace(lambda _: found[0])
        return Applied(difference(before, found[0], prune=True), version)

    def history(self) -> History:
        """Every version that counted, the newest last, what counts now among them; nothing is written."""
        found, current = self._recorded(), self.current()
        if current is None or version_of(current) in found:
            return found
        return found.with_newest(version_of(current), self.clock.now())

    def _taken_over(self, old: bytes | None, home: StoredRegistry) -> bytes:
        wanted = home.current() or b""
        if old is not None and old != wanted and version_of(old) not in home.history():
            raise BadRecord(
                f"The registry of '{self.project}' there (version {version_of(old)}) never counted at home.",
                do="apply its repository at home, or move it away",
            )
        return wanted

    def _replace(self, to: Callable[[bytes | None], bytes]) -> bytes:
        for attempt in range(records.MOST_TRIES):
            found = self.state.get(self._key)
            old = None if found is None else found[0]
            new = to(old)
            if new == old:
                if version_of(new) not in self._recorded():
                    self._record(version_of(new))  # somebody died between the two writes
                return new
            objects(new)  # what counts can always be read
            self.state.create(self._version(version_of(new)), new)
            written = (
                self.state.create(self._key, new) if found is None else self.state.replace(self._key, found[1], new)
            )
            if not isinstance(written, Lost):
                self._record(version_of(new))
                return new
            self.pause(random.uniform(0.02, min(0.5, 0.04 * 2**attempt)))  # noqa: S311
        raise records.Contended(
            f"The registry of '{self.project}' was changed by others {records.MOST_TRIES} times while it was written."
        )

    def _recorded(self) -> History:
        return records.read(self.state, self._history, History) or History()

    def _record(self, version: str) -> None:
        now = self.clock.now()
        records.change(
            self.state,
            self._history,
            History,
            lambda old: (old or History()).with_newest(version, now),
            pause=self.pause,
        )

    @property
    def _key(self) -> str:
        return f"features/{self.project}/registry.db"

    @property
    def _history(self) -> str:
        return f"features/{self.project}/history.json"

    def _version(self, version: str) -> str:
        return f"features/{self.project}/versions/{version}.db"


def version_of(registry: bytes) -> str:
    """A registry's name: a hash of its content, 12 hex digits."""
    return hashlib.blake2b(registry, digest_size=6).hexdigest()
