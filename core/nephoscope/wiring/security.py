"""
Security events out of any program:

    from nephoscope.wiring.security import SecurityLog

    SecurityLog.from_file().log("unauthorized_access", {"user": "mallory", "bucket": "models"})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from nephoscope.errors import BadUsage
from nephoscope.events import MessageReceived, stable_id
from nephoscope.jobs import security
from nephoscope.monitoring.security_event import SecurityEvent
from nephoscope.report import Report
from nephoscope.wiring.local import Local


@dataclass(frozen=True, slots=True)
class SecurityLog:
    """Records security events in the ledger and on the topic of one configuration."""

    local: Local

    @classmethod
    def from_file(cls, path: Path | None = None) -> SecurityLog:
        """
        Read the configuration: the file given, NEPHOSCOPE_CONFIG, or ./nephoscope.yaml.

        Raises:
            BadUsage, BadSettings: There is none, or it has mistakes.
        """
        return cls(Local.from_file(path))

    def log(
        self, kind: str, details: Mapping[str, str] | None = None, *, resolved: bool = False, at: datetime | None = None
    ) -> Report:
        """
        Record one event; it is HIGH when its type says "unauthorized", else MEDIUM.

        Args:
            kind: Its type, such as "unauthorized_access".
            details: Names and what they were.
            resolved: Whether this says that an earlier event of this type and these details was looked into.
            at: When it happened; now when absent.

        Raises:
            BadUsage: It has no type.
            Transient: The ledger does not answer, and the event is not recorded; or the topic does not, and the event
                is recorded and told by the next sweep.
        """
        if not kind.strip():
            raise BadUsage("A security event needs a type.", do="name one, such as unauthorized_access")
        when = at or self.local.clock.now()
        body = msgspec.json.encode(SecurityEvent(kind, dict(details or {}), resolved), order="sorted")
        event = MessageReceived(stable_id("security", when.isoformat(), body.decode()), when, body)
        return security.record(event, outbox=self.local.outbox)
