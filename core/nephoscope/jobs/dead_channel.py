"""
A Channel that is dead is an Alert of the check `hub.channel`, told by the others, which resolves when it is told again.

What it could not be told is handed to another Channel (`groups.with_delivery`); this says why. It is said before the
Delivery is marked as dead: whoever is cut off between the two is told of by the Channel that refuses once more.
"""

from __future__ import annotations

from contextlib import suppress

from nephoscope import records
from nephoscope.alerts.routes import CHANNEL_CHECK
from nephoscope.alerts.streams import Stream, stream_key, stream_name
from nephoscope.findings import Finding, Severity, Verdict
from nephoscope.jobs import self_report
from nephoscope.jobs.desk import Desk
from nephoscope.records import NewerRecord


def dies(channel: str, error: str, desk: Desk) -> None:
    """Say that a Channel could not be told something, and why."""
    with suppress(NewerRecord):  # another Channel tells what this one could not, all the same
        _say(channel, Verdict.BREACH, error, desk)


def lives(channel: str, desk: Desk) -> None:
    """Say that a Channel was told something; not before it was told that it could not be."""
    stream = records.read(desk.state, stream_key(stream_name(self_report.JOB, desk.cloud, _scope(channel))), Stream)
    if stream is not None and not stream.to_tell:
        _say(channel, Verdict.OK, "It was told again.", desk)


def _say(channel: str, verdict: Verdict, reason: str, desk: Desk) -> None:
    if desk.watches({"job": self_report.JOB, "channel": channel}):
        finding = Finding(CHANNEL_CHECK, channel, verdict, reason, severity=Severity.HIGH, labels={"channel": channel})
        self_report.say(finding, _scope(channel), desk)


def _scope(channel: str) -> str:
    return f"channel {channel}"
