"""Rows as they come out of a source: counted first, then a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nephoscope.errors import Permanent
from nephoscope.features.counts import Counted
from nephoscope.features.rows import Rows


class NoPart(Permanent):
    """What landed below a view's folder holds none of its rows, and is left alone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One view's rows of one window."""

    counted: Counted
    batches: Iterator[Rows]
    foreign: tuple[str, ...] = ()  # the columns whose types only Feast can encode: "prefs (MAP)"
