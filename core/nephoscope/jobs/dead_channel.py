"""
A Channel that is dead is an Alert of the check `hub.channel`, told by the others, which resolves when it is told again.

What it could not be told was handed to another Channel already (`groups.with_delivery`); this says why.
"""

from __future__ import annotations

from collections.abc import Iterable

from nephoscope.alerts.groups import Status
from nephoscope.findings import Finding, Severity, Verdict
from nephoscope.jobs import self_report
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.fold import CHANNEL_CHECK
from nephoscope.jobs.send import Told


def judge(told: Iterable[Told], desk: Desk) -> None:
    """Say of each Channel that was told whether it lives."""
    newest = {each.channel: each for each in told if each.status in (Status.SENT, Status.DEAD)}
    for channel, each in newest.items():
        if desk.watches({"job": self_report.JOB, "channel": channel}):
            self_report.say(_finding(channel, each), f"channel {channel}", desk)


def _finding(channel: str, told: Told) -> Finding:
    dead = told.status is Status.DEAD
    return Finding(
        CHANNEL_CHECK,
        channel,
        Verdict.BREACH if dead else Verdict.OK,
        told.error if dead else "It was told again.",
        severity=Severity.HIGH,
        labels={"channel": channel},
    )
