"""How often a look is taken that grows dear with all there is to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from nephoscope.ports import Clock

T = TypeVar("T")

REST = 10  # times as long as the look took
MOST_REST = timedelta(minutes=2)


class Pace:
    """Lets a look that finds nothing take a tenth of this process' time at most."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rests_until: datetime | None = None

    def look(self, take: Callable[[], list[T]]) -> list[T]:
        """
        What a look finds; nothing while it rests from the one before.

        After one that found something or raised there is no rest, and none is longer than two minutes.
        """
        began = self._clock.now()
        # A clock that went back prolongs no rest.
        if self._rests_until is not None and timedelta() < self._rests_until - began <= MOST_REST:
            return []
        self._rests_until = None
        found = take()
        if not found:
            ended = self._clock.now()
            self._rests_until = ended + min(REST * (ended - began), MOST_REST)
        return found
