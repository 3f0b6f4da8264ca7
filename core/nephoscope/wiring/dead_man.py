"""Tells the dead-man switch after a round of the hub, not oftener than the configuration says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """A switch, and when it was told last by this process."""

    switch: DeadManSwitch | None
    every: timedelta
    clock: Clock
    _told_at: datetime | None = None

    @classmethod
    def of(cls, settings: Settings, clock: Clock, secret: Secret) -> DeadMan:
        """The one that a configuration names; one that does nothing where it names none."""
        written = settings.dead_man
        if written is msgspec.UNSET:
            return cls(None, timedelta(0), clock)
        return cls(DeadManSwitch(secret(written.url)), configuration.duration(written.every), clock)

    def tell(self) -> None:
        """Say that a round is done. Where nobody answers the hub goes on: the switch, which heard nothing, speaks."""
        now = self.clock.now()
        if self.switch is None or (self._told_at is not None and now - self._told_at < self.every - EARLY):
            return
        self._told_at = now
        try:
            self.switch.ping()
        except NephoscopeError as error:
            LOGGER.error("ping", extra={"facts": {"outcome": "failed", "error": str(error)}})
