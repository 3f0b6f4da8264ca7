"""
From what is due to the Channels: look, send, done.

    look     the group's record takes over what its streams have to tell, and speaks if it is due (`fold.py`)
    send     each Channel is told what is open (`send.py`)
    done     what is to be done later gets its own markers; then the markers that led here get their twins

A crash anywhere leaves a marker that is not done, so that the next sweep goes on from the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from nephoscope import records
from nephoscope.alerts import due
from nephoscope.alerts.due import Marker
from nephoscope.alerts.groups import Group, Status
from nephoscope.errors import NephoscopeError
from nephoscope.jobs import dead_channel, heartbeat, hush, send
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.fold import SOON, Look, Round, group_key, look
from nephoscope.jobs.reroute import reroute
from nephoscope.jobs.send import Told

WATERMARK = "sweep/due.json"
LOOK_BACK = timedelta(hours=2)  # markers may be written late by that much
LOOK_AHEAD = timedelta(minutes=10)
BATCH = 100  # groups that are in memory at the same time


@dataclass(frozen=True, slots=True)
class _Watermark:
    at: datetime
    settings_hash: str = ""


def sweep(desk: Desk) -> list[Told]:
    """
    Tell everything that is due, whoever left it, and go on where the last sweep ended.

    Raises:
        NephoscopeError: A record could not be read or written. What was told is marked; the watermark stays.
    """
    now = desk.clock.now().astimezone(UTC)
    mark = records.read(desk.state, WATERMARK, _Watermark)
    if mark is None or mark.settings_hash != desk.settings_hash:
        reroute(desk)
    # A clock that went back must not hide what is marked with the time it shows now.
    since = min(mark.at, now - LOOK_BACK) if mark else now - LOOK_BACK
    told = flush(_due(desk, since, now), desk)
    reached = max(mark.at, now - LOOK_BACK) if mark else now - LOOK_BACK
    if mark is None or reached - mark.at >= timedelta(minutes=1) or mark.settings_hash != desk.settings_hash:
        records.change(desk.state, WATERMARK, _Watermark, lambda _: _Watermark(reached, desk.settings_hash))
    return told


def _due(desk: Desk, since: datetime, now: datetime) -> list[Marker]:
    """What is due, and what will be soon: a group that speaks tells what waits in it as well."""
    keys = (key for prefix in due.hours(since, now + LOOK_AHEAD) for key in desk.state.list(prefix))
    return [marker for marker in due.undone(keys) if since <= marker.at <= now + LOOK_AHEAD]


def flush(markers: Iterable[Marker], desk: Desk) -> list[Told]:
    """
    Tell what these markers say, as far as it is due.

    Raises:
        NephoscopeError: A record could not be read or written; the other groups were told all the same.
    """
    in_round = Round(desk, desk.clock.now())
    failures: list[NephoscopeError] = []
    told: list[Told] = []
    waiting = iter(sorted(_by_group(_served(list(markers), in_round, failures), in_round.now).items()))
    while batch := list(islice(waiting, BATCH)):
        told += _flush_some(batch, in_round, failures)
    if failures:
        raise failures[0]
    return told


def _by_group(markers: Iterable[Marker], now: datetime) -> dict[str, list[Marker]]:
    """The groups with something due; with it comes what waits in a stream for the same group."""
    found: dict[str, list[Marker]] = {}
    for marker in markers:
        if marker.at <= now or marker.stream:
            found.setdefault(marker.group, []).append(marker)
    return {group: its for group, its in found.items() if any(marker.at <= now for marker in its)}


def _flush_some(
    batch: Sequence[tuple[str, list[Marker]]], in_round: Round, failures: list[NephoscopeError]
) -> list[Told]:
    looks: list[tuple[Look, list[Marker]]] = []
    for group, markers in batch:
        try:
            looks.append((look(group, markers, in_round) or Look(Group(group)), markers))
        except NephoscopeError as error:
            failures.append(error)
    told = _send([found.group for found, _ in looks], in_round.desk, failures)
    for found, markers in looks:
        _finish(found, markers, in_round.desk, failures)
    return told


def _served(markers: Sequence[Marker], in_round: Round, failures: list[NephoscopeError]) -> list[Marker]:
    """Serve the markers that are no group's; returns the others, and those that came of it."""
    left = [marker for marker in markers if marker.group not in _OTHERS]
    for marker in markers:
        if marker.at <= in_round.now and (serve := _OTHERS.get(marker.group)) is not None:
            try:
                left += serve(marker, in_round)
                in_round.desk.state.create(marker.done_key, b"{}")
            except NephoscopeError as error:
                failures.append(error)
    return left


_OTHERS: dict[str, Callable[[Marker, Round], list[Marker]]] = {
    due.HEARTBEATS: heartbeat.check,
    due.SILENCES: hush.look,
    due.DIGEST: hush.digest,
}


def _send(groups: Sequence[Group], desk: Desk, failures: list[NephoscopeError]) -> list[Told]:
    try:
        told = send.send_all(groups, desk)
        for channel in sorted({each.channel for each in told if each.status is Status.SENT}):
            dead_channel.lives(channel, desk)
    except NephoscopeError as error:
        failures.append(error)
        return []
    return told


def _finish(found: Look, markers: Sequence[Marker], desk: Desk, failures: list[NephoscopeError]) -> None:
    """What is to be done later gets its markers; then those that led here are done."""
    try:
        group = records.read(desk.state, group_key(found.group.id), Group)
        now = desk.clock.now()
        for at in found.again_at | _waits(group, desk, now):
            desk.state.create(Marker(due.planned(at, now), found.group.id, "", "later").key, b"{}")
        for marker in markers:
            desk.state.create(marker.done_key, b"{}")
    except NephoscopeError as error:
        failures.append(error)


def _waits(group: Group | None, desk: Desk, now: datetime) -> frozenset[datetime]:
    """When the group's unfinished Deliveries may go on: each by itself, and no sooner than its Channel may be told."""
    waits = set()
    for notification in group.open if group else ():
        for channel, delivery in notification.deliveries.items():
            if not delivery.finished:
                waits.add(max(delivery.waits_until() or now, send.held_until(channel, desk) or now, now + SOON))
    return frozenset(waits)
