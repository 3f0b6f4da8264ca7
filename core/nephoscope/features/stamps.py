"""A description without the stamps that Feast puts on data sources each time it meets them."""

from __future__ import annotations

from typing import TypeAlias

from nephoscope.features.values import LENGTH, tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import records

_STAMPS = 50
"""`DataSource.meta`: when it was created and last updated."""

Paths: TypeAlias = "dict[int, Paths]"
_SOURCE: Paths = {}
_SOURCE[26] = _SOURCE  # the batch source of a stream
_VIEW: Paths = {7: _SOURCE, 9: _SOURCE}
_VIEW[14] = _VIEW
_PROJECTION: Paths = {8: _SOURCE, 9: _SOURCE}

_PATHS: dict[int, Paths] = {
    6: _VIEW,
    7: {3: _PROJECTION},
    8: {4: {2: {1: {1: _VIEW}, 2: _SOURCE, 3: _PROJECTION}}},
    12: _SOURCE,
    14: {10: _SOURCE, 11: _SOURCE},
    19: {7: _SOURCE},
}


def unstamped(kind: int, description: bytes) -> bytes:
    """
    Make descriptions comparable.

    Args:
        kind: The object's list in the registry.
        description: Its specification.

    Returns:
        The same fields in a settled order, without the stamps of the data sources in it.
    """
    return _plain(description, _PATHS.get(kind, {}))


def _plain(message: bytes, paths: Paths) -> bytes:
    parts = []
    for number, value, part in records(message):
        if paths is _SOURCE and number == _STAMPS:
            continue
        if number in paths and isinstance(value, bytes):
            inner = _plain(value, paths[number])
            parts.append(tag(number, LENGTH) + encoded(len(inner)) + inner)
        else:
            parts.append(part)
    return b"".join(sorted(parts))
