"""What came of the demo, from the hub's records and from what the receivers got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nephoscope import records
from nephoscope.alerts.groups import Group, Notification
from nephoscope.alerts.life import Alert
from nephoscope.alerts.streams import Stream
from nephoscope.demo.stage import CHANNELS
from nephoscope.jobs.notify import REPORTS
from nephoscope.ports import State
from nephoscope.report import Report, counts, from_cloudevent


def document(state: State, received: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """
    The demo's answer.

    Args:
        state: The hub's records.
        received: What the receivers got: channel and delivery id of each.
    """
    reports = list(_reports(state))
    got = Counter(entry["delivery"] for entry in received)
    due = {f"{n.id}/{channel}" for n in notifications(state) for channel in n.deliveries}
    per_channel = Counter(entry["channel"] for entry in received)
    return {
        "events": len({report.event_id for report in reports}),
        "reports": len({report.id for report in reports}),
        "findings": counts([finding for report in reports for finding in report.findings]),
        "alerts": [_life(alert) for alert in alerts(state)],
        "messages": {channel: per_channel[channel] for channel in CHANNELS},
        "lost": len(due - set(got)),
        "repeated": sum(times > 1 for times in got.values()),
    }


def notifications(state: State) -> Iterator[Notification]:
    """Every Notification in the hub's records, open or closed."""
    for key in state.list("groups/"):
        group = records.read(state, key, Group)
        if group is not None:
            yield from (*group.closed, *group.open)


def alerts(state: State) -> list[Alert]:
    """Every Alert in the hub's records, by when it began."""
    streams = [records.read(state, key, Stream) for key in state.list("streams/")]
    found = [alert for stream in streams if stream is not None for alert in stream.alerts.values()]
    return sorted(found, key=lambda a: (a.life[0].at, a.check, a.subject))


def _reports(state: State) -> Iterator[Report]:
    for key in state.list(REPORTS):
        found = state.get(key)
        if found is not None:
            yield from_cloudevent(found[0])


def _life(alert: Alert) -> dict[str, Any]:
    life = [{"state": str(moment.state), "at": moment.at.isoformat()} for moment in alert.life]
    return {"subject": alert.subject, "check": alert.check, "life": life}
