"""
What the hub reports of itself: a Report like any other, applied without the topic, so that it is told even when that
is ill.

Each thing the hub watches of itself is a stream of its own, of the job `hub`, and speaks only when there is news.
"""

from __future__ import annotations

from nephoscope import records
from nephoscope.alerts.due import Marker
from nephoscope.alerts.streams import Stream, stream_key, stream_name
from nephoscope.events import stable_id
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import notify
from nephoscope.jobs.desk import Desk
from nephoscope.report import Report

JOB = "hub"


def say(finding: Finding, scope: str, desk: Desk) -> list[Marker]:
    """Take in a Report of one Finding; one that is ok, of something that was not ill, is not worth a Report."""
    if finding.verdict is Verdict.OK and not _was_ill(scope, desk):
        return []
    now = desk.clock.now()
    event = stable_id(JOB, scope, now.isoformat(), finding.reason)
    report = Report(event, JOB, desk.cloud, scope, now, event, event[:16], (finding,), settings_hash=desk.settings_hash)
    return notify.take_in(report, state=desk.state, now=now, route=desk.route)


def _was_ill(scope: str, desk: Desk) -> bool:
    stream = records.read(desk.state, stream_key(stream_name(JOB, desk.cloud, scope)), Stream)
    return stream is not None and any(alert.open for alert in stream.alerts.values())
