"""
Feast's registry, read as data: descriptions only, nothing in it is run.

A registry is one protocol buffer that holds every object of a project. Where it holds code (the pickled functions of
on-demand and stream views), that code stays bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from nephoscope.errors import Unreadable
from nephoscope.features.code import coded
from nephoscope.features.view import Source, View
from nephoscope.features.wire import Fields, fields, integer, message, messages, records, text

# Field numbers of feast/core/*.proto, Feast 0.67.
_ENTITY, _VIEW, _STREAM_VIEW = 1, 6, 14
_SPEC = 1
_KINDS = {
    1: "entity",
    6: "feature view",
    8: "on-demand feature view",
    14: "stream feature view",
    19: "label view",
    7: "feature service",
    12: "data source",
    11: "saved data set",
    13: "validation reference",
    16: "permission",
    17: "project",
}
_NAME, _PROJECT = {12: 20}, {1: 9, 12: 21}  # where a description's name is not field 1, its project not field 2
_DIRECT = (12,)  # objects that are their own description
_OPTIONS = (12, 15, 16, 19, 27, 30, 35)  # what names the table or query of a source that is no file


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a registry, as bytes."""

    field: int  # its list in the registry's message
    project: str
    name: str
    description: bytes  # the specification alone, without what Feast stamps on it
    body: bytes  # all of it

    @property
    def kind(self) -> str:
        """What people call it: "feature view"."""
        return _KINDS[self.field]

    @property
    def identity(self) -> tuple[int, str, str]:
        """What makes two objects the same one."""
        return (self.field, self.project, self.name)


def objects(registry: bytes) -> list[StoredObject]:
    """
    Every object of a registry.

    Raises:
        Unreadable: It is no registry.
    """
    found = fields(registry)
    return [_object(number, body) for number in _KINDS for body in messages(found, number)]


def views(registry: bytes, project: str) -> tuple[View, ...]:
    """
    The feature views of a project that rows are synced to; on-demand views are computed when they are read.

    Raises:
        Unreadable: It is no registry.
    """
    found = fields(registry)
    plain = [_view(body) for body in messages(found, _VIEW)]
    streamed = [_stream_view(body) for body in messages(found, _STREAM_VIEW)]
    return tuple(view for owner, view in [*plain, *streamed] if owner == project)


def _object(number: int, body: bytes) -> StoredObject:
    specification = body if number in _DIRECT else message(fields(body), _SPEC) or b""
    described = fields(specification)
    owner = "" if number == 17 else text(described, _PROJECT.get(number, 2))
    return StoredObject(number, owner, text(described, _NAME.get(number, 1)), specification, body)


def _view(body: bytes) -> tuple[str, View]:
    spec = fields(_required(body, "feature view"))
    return text(spec, 2), View(
        text(spec, 1),
        _typed(spec, 12),
        _typed(spec, 4),
        _source(message(spec, 7)),
        _length(message(spec, 6)),
        online=bool(integer(spec, 8)),
        transformed=14 in spec or 15 in spec,
        coded=coded(_VIEW, spec),
    )


def _stream_view(body: bytes) -> tuple[str, View]:
    spec = fields(_required(body, "stream feature view"))
    return text(spec, 2), View(
        text(spec, 1),
        _typed(spec, 5),
        _typed(spec, 4),
        _source(message(spec, 10)),
        _length(message(spec, 9)),
        online=bool(integer(spec, 12)),
        transformed=any(number in spec for number in (13, 15, 17)),
        coded=coded(_STREAM_VIEW, spec),
    )


def _required(body: bytes, kind: str) -> bytes:
    spec = message(fields(body), _SPEC)
    if spec is None:
        raise Unreadable(f"A {kind} of {len(body)} bytes has no description.", do="apply the repository again")
    return spec


def _typed(spec: Fields, number: int) -> dict[str, int]:
    columns = [fields(column) for column in messages(spec, number)]
    return {text(column, 1): integer(column, 2) for column in columns}


def _source(body: bytes | None) -> Source:
    source = fields(body or b"")
    options = fields(message(source, 11) or b"")
    mapping = [fields(entry) for entry in messages(source, 2)]
    return Source(
        text(options, 2),
        text(source, 17),
        text(source, 3),
        text(source, 5),
        {text(entry, 2): text(entry, 1) for entry in mapping},
        text(options, 3),
        b"".join(part for number, _, part in records(body or b"") if number in _OPTIONS),
    )


def _length(body: bytes | None) -> timedelta:
    duration = fields(body or b"")
    return timedelta(seconds=integer(duration, 1), microseconds=integer(duration, 2) // 1000)
