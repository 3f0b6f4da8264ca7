"""The code that a registry holds: pickled functions, which whoever can write the registry can make anybody run."""

from __future__ import annotations

from nephoscope.features.values import LENGTH, tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import fields, records, text

_ON_DEMAND, _VALIDATION = 8, 13  # objects that are code
_IN_SPEC = {6: (15,), 14: (13, 17)}  # views that may hold code, and the fields of their specification that do
_SPEC = 1


def without_code(registry: bytes) -> bytes:
    """
    The registry without its on-demand views and validation references, and its other views without their functions.

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
        if number == _ON_DEMAND or any(code in spec for code in _IN_SPEC[number]):
            found.append(text(spec, 1))
    return tuple(found)


def _kept(number: int, value: int | bytes, part: bytes) -> bytes:
    if number in (_ON_DEMAND, _VALIDATION):
        return b""
    if number not in _IN_SPEC or not isinstance(value, bytes):
        return part
    return _framed(
        number, b"".join(_in_view(inner, held, own, _IN_SPEC[number]) for inner, held, own in records(value))
    )


def _in_view(number: int, held: int | bytes, own: bytes, code: tuple[int, ...]) -> bytes:
    if number != _SPEC or not isinstance(held, bytes):
        return own
    return _framed(_SPEC, b"".join(part for field, _, part in records(held) if field not in code))


def _first(message: bytes) -> bytes:
    spec = fields(message).get(_SPEC, [b""])[-1]
    return spec if isinstance(spec, bytes) else b""


def _framed(number: int, body: bytes) -> bytes:
    return tag(number, LENGTH) + encoded(len(body)) + body
