"""The code that a registry holds: pickled functions, which whoever can write the registry can make anybody run."""

from __future__ import annotations

from nephoscope.features.values import LENGTH, tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import Fields, fields, messages, records, text

_ON_DEMAND, _VALIDATION = 8, 13  # objects that are code
_HISTORY = 18  # earlier versions of views, whole
_IN_SPEC = {6: (15,), 14: (13, 17)}  # views that may hold code, and the fields of their specification that do
_MADE_FROM = {6: 14}  # where a specification holds those of the views that it is made from
_SPEC = 1


def without_code(registry: bytes) -> bytes:
    """
    The registry without its on-demand views, validation references and earlier versions, and without any function.

    Feast reads such a registry without unpickling anything; what is served from a store is served all the same.

    Raises:
        Unreadable: It is no registry.
    """
    return b"".join(_kept(number, value, part) for number, value, part in records(registry))


def code_in(registry: bytes) -> tuple[str, ...]:
    """The names of the views that hold code."""
    found = []
    for number, value, _ in records(registry):
        if not isinstance(value, bytes) or number not in (_ON_DEMAND, *_IN_SPEC):
            continue
        spec = fields(_first(value))
        if number == _ON_DEMAND or coded(number, spec):
            found.append(text(spec, 1))
    return tuple(found)


def coded(kind: int, spec: Fields) -> bool:
    """
    Whether a view's specification holds code, or that of a view that it is made from does.

    Args:
        kind: The view's list in the registry.
        spec: Its specification.
    """
    if any(code in spec for code in _IN_SPEC[kind]):
        return True
    return kind in _MADE_FROM and any(coded(kind, fields(inner)) for inner in messages(spec, _MADE_FROM[kind]))


def _kept(number: int, value: int | bytes, part: bytes) -> bytes:
    if number in (_ON_DEMAND, _VALIDATION, _HISTORY):
        return b""
    if number not in _IN_SPEC or not isinstance(value, bytes):
        return part
    parts = [
        _framed(_SPEC, _cleared(number, held)) if inner == _SPEC and isinstance(held, bytes) else own
        for inner, held, own in records(value)
    ]
    return _framed(number, b"".join(parts))


def _cleared(kind: int, spec: bytes) -> bytes:
    """A specification without code, at any depth."""
    parts = []
    for number, held, own in records(spec):
        if number == _MADE_FROM.get(kind) and isinstance(held, bytes):
            parts.append(_framed(number, _cleared(kind, held)))
        elif number not in _IN_SPEC[kind]:
            parts.append(own)
    return b"".join(parts)


def _first(message: bytes) -> bytes:
    spec = fields(message).get(_SPEC, [b""])[-1]
    return spec if isinstance(spec, bytes) else b""


def _framed(number: int, body: bytes) -> bytes:
    return tag(number, LENGTH) + encoded(len(body)) + body
