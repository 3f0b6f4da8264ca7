"""
Markers that say when something is to be told: `due/<UTC minute>/<group>/<exact time>~<stream>~<id>`, create-only.

Ingest writes markers instead of groups, so that no object is hot in a storm. A sweep lists the hours since its
watermark. A marker that needs nothing more gets a twin that ends in `.done`, so that a sweep with nothing to do only
lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PREFIX = "due/"
DONE = ".done"
AHEAD = timedelta(days=5)  # markers are deleted a week after they were made: what is due later is planned again by then

# Markers whose group is none of Alerts.
HEARTBEATS = "heartbeat"  # look whether a stream is late
SILENCES = "silence"  # one ends
DIGEST = "digest"  # the daily word about what is still silenced


@dataclass(frozen=True, slots=True)
class Marker:
    """Something is to be told of a group at a time; `stream` is the record that holds it, or "" for the group's own."""

    at: datetime
    group: str
    stream: str
    id: str

    @property
    def key(self) -> str:
        """
        Where the marker lies.

        >>> Marker(datetime(2026, 11, 24, 6, 30, 5, tzinfo=UTC), "g", "s", "t").key
        'due/2026-11-24T06:30/g/2026-11-24T06:30:05.000000~s~t'
        """
        at = self.at.astimezone(UTC).replace(tzinfo=None)
        return (
            f"{PREFIX}{at:%Y-%m-%dT%H:%M}/{self.group}/{at.isoformat(timespec='microseconds')}~{self.stream}~{self.id}"
        )

    @property
    def done_key(self) -> str:
        """Where the twin lies that says it needs nothing more."""
        return self.key + DONE


def planned(at: datetime, now: datetime) -> datetime:
    """
    When to look at what is due at a time: then, or in five days, and once more from there.

    >>> noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    >>> (planned(noon + timedelta(days=30), noon) - noon).days, (planned(noon + timedelta(days=2), noon) - noon).days
    (5, 2)
    """
    return min(at, now + AHEAD)


def read_marker(key: str) -> Marker:
    """Read a marker back from where it lies."""
    _, _, group, name = key.split("/", 3)
    at, stream, identity = name.split("~", 2)
    return Marker(datetime.fromisoformat(at).replace(tzinfo=UTC), group, stream, identity)


def undone(keys: Iterable[str]) -> list[Marker]:
    """
    The markers among some keys that have no twin.

    >>> marker = Marker(datetime(2026, 11, 24, tzinfo=UTC), "g", "s", "t")
    >>> len(undone([marker.key])), undone([marker.key, marker.done_key])
    (1, [])
    """
    listed = list(keys)
    done = {key.removesuffix(DONE) for key in listed if key.endswith(DONE)}
    return [read_marker(key) for key in listed if not key.endswith(DONE) and key not in done]


def hours(since: datetime, until: datetime) -> list[str]:
    """
    The prefixes to list for everything due in a span, one an hour.

    >>> hours(datetime(2026, 11, 24, 23, 59, tzinfo=UTC), datetime(2026, 11, 25, 0, 1, tzinfo=UTC))
    ['due/2026-11-24T23', 'due/2026-11-25T00']
    """
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    prefixes = []
    while hour <= until:
        prefixes.append(f"{PREFIX}{hour:%Y-%m-%dT%H}")
        hour += timedelta(hours=1)
    return prefixes
