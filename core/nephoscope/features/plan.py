"""What is missing where: for each view and cloud the window of event times that a sync has to read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nephoscope.features.view import View


@dataclass(frozen=True, slots=True)
class Window:
    """Event times, both ends inclusive, as Feast reads them."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One view in one cloud: the window to sync, or why there is none."""

    view: str
    cloud: str
    window: Window | None
    since: datetime | None = None  # the watermark it goes on from; None for a first sync
    reason: str = ""
    silent: bool = False  # nobody knows how far it was synced
    whole: bool = False  # all of a file is wanted: what its window leaves out has to be told


def plan(
    views: Sequence[View],
    synced: Mapping[str, Mapping[str, Window]],
    now: datetime,
    *,
    late: timedelta = timedelta(0),
    landed: Collection[str] = (),
) -> tuple[Step, ...]:
    """
    Say what a sync would read.

    Args:
        views: The project's feature views.
        synced: By cloud and view, the event times that are in its store; the end is the watermark.
        now: The end of every window, aware.
        late: How far before the watermark rows are read again, for those that arrive late.
        landed: The views of which a file was written: its rows are read whatever the watermark says.

    Returns:
        One Step for each view and cloud, views in their order.
    """
    return tuple(
        _step(view, cloud, synced[cloud].get(view.name), now, late, view.name in landed)
        for view in views
        for cloud in synced
    )


def _step(view: View, cloud: str, synced: Window | None, now: datetime, late: timedelta, landed: bool) -> Step:
    mark = None if synced is None else synced.end
    if not view.online:
        return Step(view.name, cloud, None, mark, "it is not served online")
    first = view.served_from(now)
    if synced is None:
        return Step(view.name, cloud, Window(first, now), whole=True)
    if landed:
        return Step(view.name, cloud, Window(min(first, synced.end), now), mark, whole=True)
    if first < synced.start:  # the TTL is longer than it was
        return Step(view.name, cloud, Window(min(first, synced.end - late), now), mark)
    if synced.end >= now:
        return Step(view.name, cloud, None, mark, "nothing is missing")
    return Step(view.name, cloud, Window(synced.end - late, now), mark)
