"""
What people are told of silences: that one was made, that one ended, and each day which ones still hold.

Such a notice is a group of its own with one Notification, told to the root route's Channels by the same protocol as
every Message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nephoscope import records
from nephoscope.alerts import due
from nephoscope.alerts.due import Marker
from nephoscope.alerts.groups import Delivery, Group, Notification, Snapshot, Why
from nephoscope.alerts.life import Alert
from nephoscope.alerts.silences import PREFIX, Silence
from nephoscope.errors import BadUsage
from nephoscope.events import stable_id
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.fold import Round, group_key
from nephoscope.ports import Lost

DIGEST_HOUR = 8  # UTC


def add(silence: Silence, desk: Desk) -> None:
    """Put a silence on record, say so, and plan the notices of its end and of each day until then."""
    now = desk.clock.now()
    if desk.state.create(silence.key, records.encode(silence)) is Lost.EXISTS:
        return
    plan_end(silence, desk, now)
    desk.state.create(Marker(_next_digest(now), due.DIGEST, "", "daily").key, b"{}")
    post("Silenced", [_line(silence, desk)], desk, of=silence.id)


def plan_end(silence: Silence, desk: Desk, now: datetime) -> None:
    """Have its end looked at."""
    desk.state.create(Marker(due.planned(silence.ends, now), due.SILENCES, "", silence.id).key, b"{}")


def expire(identity: str, by: str, desk: Desk) -> Silence:
    """
    End a silence now.

    Raises:
        BadUsage: There is no such silence on record, or it is over.
    """
    now = desk.clock.now()
    stands = records.read(desk.state, f"{PREFIX}{identity}.json", Silence)
    if stands is None or stands.ends <= now:
        known = "it is over" if stands else "there is none of that name on record"
        raise BadUsage(f"The silence '{identity}' cannot be ended: {known}.", do="see: nephoscope silence list")
    ended = replace(stands, ends=now, expired_by=by)
    records.change(desk.state, stands.key, Silence, lambda old: ended if old == stands else old)
    desk.state.create(Marker(now, due.SILENCES, "", identity).key, b"{}")
    return ended


def ended(marker: Marker, in_round: Round) -> list[Marker]:
    """Where a silence is over say so, and let the groups of what it covered look again; returns what is to be told."""
    desk, now = in_round.desk, in_round.now
    silence = next((each for each in in_round.silences if each.id == marker.id), None)
    if silence is None:
        return []
    if now < silence.ends:
        plan_end(silence, desk, now)
        return []
    if silence.expired_by and marker.at > silence.ends:
        return []  # it was ended early, and that was told
    homes = {group for _, its in _covered(silence, desk) for group in its}
    looks = [Marker(now, group, "", f"silence-{silence.id}") for group in sorted(homes)]
    for each in looks:
        desk.state.create(each.key, b"{}")
    by = f" early, by {silence.expired_by}" if silence.expired_by else ""
    return [
        post(f"Silence ended{by}", [_line(silence, desk)], desk, of=f"{silence.id}/{marker.at.isoformat()}"),
        *looks,
    ]


def digest(marker: Marker, in_round: Round) -> list[Marker]:
    """Each day, while there are any: what is still silenced."""
    desk, now = in_round.desk, in_round.now
    active = sorted((each for each in in_round.silences if each.active(now)), key=lambda each: each.ends)
    if not active:
        return []
    desk.state.create(Marker(_next_digest(now), due.DIGEST, "", "daily").key, b"{}")
    count = "1 silence" if len(active) == 1 else f"{len(active)} silences"
    return [post(f"Still silenced: {count}", [_line(each, desk) for each in active], desk, of=marker.key)]


def post(title: str, lines: Sequence[str], desk: Desk, *, of: str) -> Marker:
    """Leave a notice that is due now; `of` says what it is about, so that it is told once."""
    now = desk.clock.now()
    identity = stable_id("notice", title, of)
    snapshot = Snapshot(identity[:16], now, Why.NOTICE, title=title, lines=tuple(lines))
    channels = {name: Delivery() for name in desk.route.channels}
    group = Group(identity, open=(Notification(snapshot.id, now, Why.NOTICE, channels),))
    desk.state.create(snapshot.key, records.encode(snapshot))
    desk.state.create(group_key(identity), records.encode(group))
    marker = Marker(now, identity, "", "notice")
    desk.state.create(marker.key, b"{}")
    return marker


def _line(silence: Silence, desk: Desk) -> str:
    open_now = sum(alert.open for alert, _ in _covered(silence, desk))
    return f"{silence} ({open_now} open now)"


def _covered(silence: Silence, desk: Desk) -> list[tuple[Alert, tuple[str, ...]]]:
    return [
        (alert, stream.homes.get(identity, ()))
        for stream in desk.each_stream(readable=True)
        for identity, alert in stream.alerts.items()
        if silence.covers(alert.all_labels)
    ]


def _next_digest(now: datetime) -> datetime:
    today = now.astimezone(UTC).replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
