"""Values that are given by name on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from nephoscope.errors import BadUsage

V = TypeVar("V")


def once(pairs: Iterable[tuple[str, V]]) -> dict[str, V]:
    """
    Names and their values.

    Raises:
        BadUsage: A name is given twice.

    >>> once([("accuracy", 0.91), ("recall", 0.8)])
    {'accuracy': 0.91, 'recall': 0.8}
    """
    found: dict[str, V] = {}
    for name, value in pairs:
        if name in found:
            raise BadUsage(f"'{name}' is given twice.", do="give each name once")
        found[name] = value
    return found
