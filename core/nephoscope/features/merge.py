"""Two registries into one: what a repository defines goes in, what others put there stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.features.registry import StoredObject, objects
from nephoscope.features.stamps import unstamped
from nephoscope.features.values import LENGTH, tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import records

_OF_OBJECTS = frozenset({1, 6, 8, 14, 19, 7, 12, 11, 13, 16, 17})


@dataclass(frozen=True, slots=True)
class Difference:
    """What an apply does to a registry, by kind and name: "feature view user_features"."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(current: bytes | None, wanted: bytes, *, prune: bool = False) -> Difference:
    """
    What `merged` would change.

    Args:
        current: The registry as it stands; None where there is none.
        wanted: The registry that a repository makes by itself.
        prune: Remove what the repository does not define.

    Raises:
        Unreadable: One of them is no registry.
    """
    before = {found.identity: found for found in objects(current or b"")}
    after = {found.identity: found for found in objects(wanted)}
    return Difference(
        _named([found for key, found in after.items() if key not in before]),
        _named([found for key, found in after.items() if key in before and _differs(before[key], found)]),
        _named([found for key, found in before.items() if prune and key not in after and _owned(found, after)]),
    )


def merged(current: bytes | None, wanted: bytes, *, prune: bool = False) -> bytes:
    """
    The current registry with a repository's objects in it.

    An object whose description did not change is left as it is, with the stamps that it has. Nothing of the current
    registry is decoded beyond names, so that code which is stored in it is never run.

    Raises:
        Unreadable: One of them is no registry.
    """
    if current is None:
        return wanted
    after = {found.identity: found for found in objects(wanted)}
    result: dict[tuple[int, str, str], StoredObject] = {}
    for found in objects(current):
        new = after.get(found.identity)
        if new is not None:
            result[found.identity] = new if _differs(found, new) else found
        elif not (prune and _owned(found, after)):
            result[found.identity] = found
    return b"".join(map(_framed, (after | result).values())) + _rest(current, wanted)


def _owned(found: StoredObject, after: dict[tuple[int, str, str], StoredObject]) -> bool:
    """Whether the repository's project is the one that an object belongs to."""
    return found.project in {new.project for new in after.values() if new.project}


def _differs(before: StoredObject, after: StoredObject) -> bool:
    return unstamped(before.field, before.description) != unstamped(after.field, after.description)


def _rest(current: bytes, wanted: bytes) -> bytes:
    """What is no object: the current registry's, or the wanted one's where the current one does not say."""
    ours = [(number, part) for number, _, part in records(current) if number not in _OF_OBJECTS]
    numbers = {number for number, _ in ours}
    new = [part for number, _, part in records(wanted) if number not in _OF_OBJECTS | numbers]
    return b"".join([part for _, part in ours] + new)


def _named(found: Sequence[StoredObject]) -> tuple[str, ...]:
    return tuple(sorted(f"{thing.kind} {thing.name}" for thing in found))


def _framed(found: StoredObject) -> bytes:
    return tag(found.field, LENGTH) + encoded(len(found.body)) + found.body
