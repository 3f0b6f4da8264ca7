"""
The hub's own judgement: what no single cloud can know, from each cloud's newest Report.

The total bill and its budget, the spread of one model over its clouds, cost per prediction, parity: each is a check
over the newest Reports. A cloud whose newest Report is late, or did not come whole, is unknown, and its checks have
to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from nephoscope.alerts.streams import Stream
from nephoscope.events import TimerFired
from nephoscope.findings import Finding
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.notify import REPORTS
from nephoscope.outbox import Outbox
from nephoscope.report import Coverage, Report, from_cloudevent

JOB = "rollup"
SCOPE = "all"


@dataclass(frozen=True, slots=True)
class Newest:
    """One stream's newest Report, or why it is unknown."""

    job: str
    cloud: str
    scope: str
    at: datetime  # of the Event behind the Report
    findings: tuple[Finding, ...] = ()
    readings: Mapping[str, Any] | None = None
    unknown: str = ""  # why it may not be counted; "" where it may

    @property
    def known(self) -> bool:
        """Whether it may be counted."""
        return not self.unknown


Check: TypeAlias = Callable[[Sequence[Newest]], Sequence[Finding]]


def run(
    event: TimerFired,
    *,
    desk: Desk,
    outbox: Outbox,
    checks: Sequence[Check],
    interval_seconds: float | None = None,
) -> Report:
    """
    Judge what the newest Reports say together.

    Args:
        event: The slot.
        desk: The hub's records.
        outbox: Where it is told.
        checks: Those of bills, models and features, each beside its own kind.
        interval_seconds: How long until the next one is due; None where none is.

    Raises:
        Transient: The state or the topic does not answer; the Event is delivered again.
    """
    if (told := outbox.told(event, JOB)) is not None:
        return told
    known = newest(desk, now=desk.clock.now())

    findings = tuple(finding for check in checks for finding in check(known))

    missing = tuple(f"{each.job} {each.scope} on {each.cloud}" for each in known if not each.known)
    return outbox.publish(
        event,
        JOB,
        SCOPE,
        findings,
        coverage=Coverage(len(known), len(known) - len(missing), missing),
        interval_seconds=interval_seconds,
    )


def newest(desk: Desk, *, now: datetime) -> list[Newest]:
    """Every stream's newest Report, the hub's own left out, in order of job, cloud and scope."""
    streams = [stream for stream in desk.each_stream() if stream.job not in (JOB, "hub")]
    return sorted((_newest(stream, desk, now) for stream in streams), key=lambda n: (n.job, n.cloud, n.scope))


def _newest(stream: Stream, desk: Desk, now: datetime) -> Newest:
    parts = _parts(stream, desk)
    unknown = ""
    if not stream.last_report:
        unknown = "none of its Reports ever came"
    elif stream.late_at is not None and now >= stream.late_at:
        unknown = f"its newest whole Report came at {stream.complete_at:%Y-%m-%d %H:%M} UTC"
    elif len(parts) < stream.parts_of:
        unknown = f"only {len(parts)} of {stream.parts_of} parts of its newest Report came"
    findings = tuple(finding for part in parts for finding in part.findings)
    readings = {key: value for part in parts for key, value in part.readings.items()} if not unknown else None
    return Newest(stream.job, stream.cloud, stream.scope, stream.last_at, findings, readings, unknown)


def _parts(stream: Stream, desk: Desk) -> list[Report]:
    day = stream.last_at.astimezone(UTC).date().isoformat()
    keys = [f"{REPORTS}{day}/{stream.last_report}-{number}.json" for number in sorted(stream.parts)]
    return [from_cloudevent(found[0]) for key in keys if (found := desk.state.get(key)) is not None]
