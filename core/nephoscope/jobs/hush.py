"""
What people are told of silences: that one holds, that one ended, and each day which ones still hold.

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

DIGEST_HOUR = 8  # UTC


def add(silence: Silence, desk: Desk) -> None:
    """Put a silence on record and tell of it; whoever is cut off after the record leaves the telling to the sweep."""
    desk.state.create(Marker(desk.clock.now(), due.SILENCES, "", silence.id).key, b"{}")
    desk.state.create(silence.key, records.encode(silence))
    stand(silence, desk)


def stand(silence: Silence, desk: Desk) -> list[Marker]:
    """
    Say that a silence holds, and plan the looks at its end and on each morning until then; before it starts, plan that.

    Returns:
        What is now to be told; what was told before is not told again.
    """
    now = desk.clock.now()
    holds = silence.starts <= now
    looks_at = due.planned(silence.ends if holds else silence.starts, now)
    desk.state.create(Marker(looks_at, due.SILENCES, "", silence.id).key, b"{}")
    desk.state.create(Marker(_next_digest(now), due.DIGEST, "", "daily").key, b"{}")
    return [post("Silenced", [_line(silence, desk)], desk, of=silence.id)] if holds else []


def expire(identity: str, by: str, desk: Desk) -> Silence:
    """
    End a silence now; one that was ended early before stays as it is, and is looked at once more.

    Raises:
        BadUsage: There is no such silence on record, or it is over.
    """
    now = desk.clock.now()

    def to(old: Silence | None) -> Silence | None:
        return old if old is None or old.ends <= now else replace(old, ends=now, expired_by=by)

    ended = records.change(desk.state, f"{PREFIX}{identity}.json", Silence, to)
    if ended is None or not ended.expired_by:
        known = "it is over" if ended else "there is none of that name on record"
        raise BadUsage(f"The silence '{identity}' cannot be ended: {known}.", do="see: nephoscope silence list")
    desk.state.create(Marker(now, due.SILENCES, "", identity).key, b"{}")
    return ended


def look(marker: Marker, in_round: Round) -> list[Marker]:
    """Say that a silence holds; or that it is over, and let the groups of what it covered look again."""
    desk, now = in_round.desk, in_round.now
    silence = next((each for each in in_round.silences if each.id == marker.id), None)
    if silence is None:
        return []
    if now < silence.ends:
        return stand(silence, desk)
    homes = {group for _, its in _covered(silence, desk) for group in its}
    looks = [Marker(now, group, "", f"silence-{silence.id}") for group in sorted(homes)]
    for each in looks:
        desk.state.create(each.key, b"{}")
    by = f" early, by {silence.expired_by}" if silence.expired_by else ""
    over = post(f"Silence ended{by}", [_line(silence, desk)], desk, of=f"{silence.id}/{silence.ends.isoformat()}")
    return [over, *looks]


def digest(marker: Marker, in_round: Round) -> list[Marker]:
    """Each day, while there are any: what is still silenced."""
    desk, now = in_round.desk, in_round.now
    active = sorted((each for each in in_round.silences if each.active(now)), key=lambda each: each.ends)
    if any(now < each.ends for each in in_round.silences):
        desk.state.create(Marker(_next_digest(now), due.DIGEST, "", "daily").key, b"{}")
    if not active:
        return []
    count = "1 silence" if len(active) == 1 else f"{len(active)} silences"
    return [post(f"Still silenced: {count}", [_line(each, desk) for each in active], desk, of=marker.key)]


def post(title: str, lines: Sequence[str], desk: Desk, *, of: str) -> Marker:
    """Leave a notice that is due now; `of` says what it is about, so that it is told once."""
    now = desk.clock.now()
    identity = stable_id("notice", title, of)
    if desk.state.get(group_key(identity)) is None:
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
