"""Freshness: the age of the newest row that a cloud's store really holds, against a limit or the view's own TTL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from nephoscope.features.rows import Stored
from nephoscope.features.view import View
from nephoscope.findings import Finding, Verdict, at_most, measured, unknown

CHECK = "features.freshness"


def freshness(
    view: View, cloud: str, stored: Iterable[Stored | None], now: datetime, *, limit: timedelta | None = None
) -> Finding:
    """
    Judge the age of a view's newest row in one cloud, in seconds.

    Args:
        view: The view; its TTL is the limit where no other is given.
        cloud: Whose store was read.
        stored: What the store holds for the keys that were asked, the newest ever written among them.
        now: Aware.
        limit: The largest good age.

    Returns:
        Unknown where the store holds none of the rows; ok without a limit where the view is good for ever.
    """
    labels = {"cloud": cloud}
    most = limit or view.ttl
    bound = at_most(most.total_seconds()) if most else None
    times = [row.event_us for row in stored if row is not None]
    if not times:
        told = "the store holds none of the rows that were asked for"
        return unknown(CHECK, view.name, reason=told, limit=bound, labels=labels)
    newest = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=max(times))
    age = (now - newest).total_seconds()
    told = f"the newest row is of {newest:%Y-%m-%d %H:%M:%S} UTC, {_spoken(age)} ago"
    if bound is None:
        reason = f"{told}; the view is good for ever and has no limit"
        return Finding(CHECK, view.name, Verdict.OK, reason, value=age, labels=labels)
    return measured(CHECK, view.name, age, bound, reason=told, labels=labels)


def silent(view: View, cloud: str, why: str) -> Finding:
    """A store that did not answer."""
    return unknown(CHECK, view.name, reason=why, labels={"cloud": cloud})


def _spoken(seconds: float) -> str:
    """
    A length of time in its largest unit.

    >>> _spoken(90), _spoken(7200), _spoken(200_000)
    ('90 s', '2.0 h', '2.3 d')
    """
    if abs(seconds) < 3600:
        return f"{seconds:.0f} s"
    return f"{seconds / 3600:.1f} h" if abs(seconds) < 172_800 else f"{seconds / 86_400:.1f} d"
