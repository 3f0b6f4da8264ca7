"""What is missing where: for each view and cloud the window of event times that a sync has to read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nephoscope.features.view import View

WITHOUT_TTL = timedelta(weeks=52)
"""How far Feast looks back for a view that is good for ever."""


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


def plan(
    views: Sequence[View],
    marks: Mapping[str, Mapping[str, datetime]],
    now: datetime,
    *,
    late: timedelta = timedelta(0),
    landed: Collection[str] = (),
) -> tuple[Step, ...]:
    """
    Say what a sync would read.

    Args:
        views: The project's feature views.
        marks: By cloud and view, how far it was synced.
        now: The end of every window, aware.
        late: How far before the watermark rows are read again, for those that arrive late.
        landed: The views of which a file was written: its rows are read whatever the watermark says.

    Returns:
        One Step for each view and cloud, views in their order.
    """
    return tuple(
        _step(view, cloud, marks[cloud].get(view.name), now, late, view.name in landed)
        for view in views
        for cloud in marks
    )


def _step(view: View, cloud: str, mark: datetime | None, now: datetime, late: timedelta, landed: bool) -> Step:
    if not view.online:
        return Step(view.name, cloud, None, mark, "it is not served online")
    first = now - (view.ttl or WITHOUT_TTL)
    if mark is None:
        return Step(view.name, cloud, Window(first, now))
    if landed:
        return Step(view.name, cloud, Window(min(first, mark), now), mark)
    if mark >= now:
        return Step(view.name, cloud, None, mark, "nothing is missing")
    return Step(view.name, cloud, Window(mark - late, now), mark)
