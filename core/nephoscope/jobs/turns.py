"""
Whose turn it is to send: one Channel at a time, so that a worker that is killed leaves one Message in doubt, not one a
Channel.

A Channel that hangs loses its turn to the next one: it has not said yes, so its Message is in doubt whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic

PATIENCE_SECONDS = 2.0


class Turns:
    """Takes turns among the threads of one worker."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._changed = Condition()
        self._holder: object | None = None
        self._since = 0.0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait until nobody has the turn, or who has it had it for too long, and have it."""
        me = object()
        with self._changed:
            while self._holder is not None and (left := self._since + self._patience_seconds - monotonic()) > 0:
                self._changed.wait(left)
            self._holder, self._since = me, monotonic()
        try:
            yield
        finally:
            with self._changed:
                if self._holder is me:
                    self._holder = None
                    self._changed.notify_all()
