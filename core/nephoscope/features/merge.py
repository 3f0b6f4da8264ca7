"""Two registries into one: what a repository defines goes in, what others put there stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nephoscope.features.registry import StoredObject, objects
from nephoscope.features.stamps import unstamped
from nephoscope.features.values import LENGTH, tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import fields, message, records

_OF_OBJECTS = frozenset({1, 6, 8, 14, 19, 7, 12, 11, 13, 16, 17})
# By the number of an object's list, where Feast keeps what is of the registry alone.
_META = dict.fromkeys((1, 6, 7, 8, 11, 14, 16, 17, 19), 2) | {12: 50}
_CREATED = {12: 3}  # within it, where it is not field 1
_INTERVALS = dict.fromkeys((6, 14), 3)  # what Feast materialised


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

    An object whose description did not change is left as it is, with the stamps that it has; one that did keeps when
    it was created and what Feast materialised of it. Nothing of the current registry is decoded beyond names and
    stamps, so that code which is stored in it is never run.

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
            result[found.identity] = _renewed(found, new) if _differs(found, new) else found
        elif not (prune and _owned(found, after)):
            result[found.identity] = found
    return b"".join(map(_framed, (after | result).values())) + _rest(current, wanted)


def _owned(found: StoredObject, after: dict[tuple[int, str, str], StoredObject]) -> bool:
    """Whether the repository's project is the one that an object belongs to."""
    return found.project in {new.project for new in after.values() if new.project}


def _differs(before: StoredObject, after: StoredObject) -> bool:
    return unstamped(before.field, before.description) != unstamped(after.field, after.description)


def _renewed(before: StoredObject, new: StoredObject) -> StoredObject:
    """A changed object with what only the registry knows of it."""
    number = _META.get(new.field)
    if number is None:
        return new
    wanted = {_CREATED.get(new.field, 1), _INTERVALS.get(new.field)}
    old, own = (list(records(message(fields(each.body), number) or b"")) for each in (before, new))
    kept = {field for field, _, _ in old} & wanted
    meta = [part for field, _, part in old if field in kept] + [part for field, _, part in own if field not in kept]
    others = [part for field, _, part in records(new.body) if field != number]
    return replace(new, body=b"".join([*others, _delimited(number, b"".join(meta))]))


def _rest(current: bytes, wanted: bytes) -> bytes:
    """What is no object: the current registry's, or the wanted one's where the current one does not say."""
    ours = [(number, part) for number, _, part in records(current) if number not in _OF_OBJECTS]
    numbers = {number for number, _ in ours}
    new = [part for number, _, part in records(wanted) if number not in _OF_OBJECTS | numbers]
    return b"".join([part for _, part in ours] + new)


def _named(found: Sequence[StoredObject]) -> tuple[str, ...]:
    return tuple(sorted(f"{thing.kind} {thing.name}" for thing in found))


def _framed(found: StoredObject) -> bytes:
    return _delimited(found.field, found.body)


def _delimited(number: int, body: bytes) -> bytes:
    return tag(number, LENGTH) + encoded(len(body)) + body
