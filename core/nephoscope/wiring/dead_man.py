"""Tells the dead-man switch after a round of the hub, not oftener than the configuration says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import msgspec

from nephoscope import settings as configuration
from nephoscope.adapters.channels.dead_man import DeadManSwitch
from nephoscope.errors import NephoscopeError
from nephoscope.ports import Clock
from nephoscope.settings import Settings
from nephoscope.wiring.channels import Secret
from nephoscope.wiring.entry import LOGGER

EARLY = timedelta(seconds=5)  # a timer that comes a little early must not skip its turn


@dataclass(slots=True)
class DeadMan:
    """What opens a switch, and when it was told last by this process."""

    opener: Callable[[], DeadManSwitch] | None
    every: timedelta
    clock: Clock
    _told_at: datetime | None = None

    @classmethod
    def of(cls, settings: Settings, clock: Clock, secret: Secret) -> DeadMan:
        """The one that a configuration names; one that does nothing where it names none."""
        written = settings.dead_man
        if written is msgspec.UNSET:
            return cls(None, timedelta(0), clock)
        opener = cache(lambda: DeadManSwitch(secret(written.url)))
        return cls(opener, configuration.duration(written.every), clock)

    def tell(self) -> None:
        """
        Say that a round is done.

        Where nobody answers, or its secret cannot be read, the hub goes on: the switch, which heard nothing, speaks.
        """
        now = self.clock.now()
        if self.opener is None or (self._told_at is not None and now - self._told_at < self.every - EARLY):
            return
        self._told_at = now
        try:
            self.opener().ping()
        except NephoscopeError as error:
            LOGGER.error("ping", extra={"facts": {"outcome": "failed", "error": str(error)}})
