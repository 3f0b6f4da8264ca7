"""What the topic gave up to deliver is an Alert of the check `hub.dead_letters`, until the dead letters are gone."""

from __future__ import annotations

from nephoscope.alerts.due import Marker
from nephoscope.findings import Severity, at_most, measured
from nephoscope.jobs import self_report
from nephoscope.jobs.desk import Desk

SCOPE = "dead letters"


def judge(count: int, newest: str, desk: Desk) -> list[Marker]:
    """
    Say how many dead letters there are.

    Args:
        count: How many the topic has.
        newest: Why the newest one was given up.
        desk: The hub's.
    """
    told = f" The newest one: {newest}" if newest else ""
    reason = f"{'1 message' if count == 1 else f'{count} messages'} could not be taken in.{told}"
    finding = measured("hub.dead_letters", "topic", float(count), at_most(0.0), reason=reason, severity=Severity.HIGH)
    return self_report.say(finding, SCOPE, desk)
