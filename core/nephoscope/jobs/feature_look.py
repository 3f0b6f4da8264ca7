"""What a cloud's online store really holds: its sample of a view, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nephoscope.errors import NephoscopeError
from nephoscope.features import freshness, parity, smoke
from nephoscope.features.instants import micros_of
from nephoscope.features.parity import Sampled, to_reading
from nephoscope.features.plan import plan
from nephoscope.features.ragged import of_rows
from nephoscope.features.rows import Stored
from nephoscope.features.sample import merged, smallest
from nephoscope.features.sampled import sampled
from nephoscope.features.view import View
from nephoscope.findings import Finding
from nephoscope.jobs.feature_sync import FeatureCloud
from nephoscope.settings import Features, duration


@dataclass(frozen=True, slots=True)
class Look:
    """One view in one cloud: the keys that were asked for and what came back, or why nothing did."""

    view: str
    cloud: str
    keys: tuple[bytes, ...] = ()
    stored: tuple[Stored | None, ...] = ()
    newest: Stored | None = None  # the row with the latest event time that was ever written
    full: bool = False  # the sample is as large as it may be
    silent: str = ""
    served_from: datetime | None = None  # the earliest event time that the last sync would have read

    @property
    def sample(self) -> Sampled:
        """Digests of what came back."""
        from_us = None if self.served_from is None else micros_of(self.served_from)
        return sampled(self.keys, self.stored, full=self.full, from_us=from_us)


def look(view: View, name: str, cloud: FeatureCloud, keys: Sequence[bytes], newest_key: bytes, size: int) -> Look:
    """Read some entities and the newest one; a store that does not answer is silent, never empty."""
    asked = [*keys, *([newest_key] if newest_key else [])]
    try:
        stored = cloud.store.read(view, asked) if asked else []
    except NephoscopeError as error:
        return Look(view.name, name, silent=error.what)
    newest = stored[-1] if newest_key else None
    return Look(view.name, name, tuple(keys), tuple(stored[: len(keys)]), newest, len(keys) >= size)


def draw(view: View, cloud: FeatureCloud, now: datetime, size: int) -> list[bytes]:
    """
    The keys with the smallest hashes of a view's source, of what its TTL lets be served; its features are not read.

    Raises:
        Unreadable, Transient: The source cannot be read.
    """
    step = plan([view], {"": {}}, now)[0]
    keyed = replace(view, features={})
    drawn: list[bytes] = []
    if step.window is not None:
        for rows in cloud.tables.read(keyed, step.window).batches:
            drawn = merged([of_rows(drawn), of_rows(smallest(rows.keys, size))], size)
    return drawn


def fresh(looks: Sequence[Look], views: Sequence[View], now: datetime, settings: Features) -> Iterator[Finding]:
    """The freshness of each view in each cloud."""
    by_name = {view.name: view for view in views}
    for seen in looks:
        view = by_name[seen.view]
        if seen.silent:
            yield freshness.silent(view, seen.cloud, seen.silent)
        else:
            limit = settings.freshness.get(view.name)
            most = None if limit is None else duration(limit)
            yield freshness.freshness(view, seen.cloud, [*seen.stored, seen.newest], now, limit=most)


def alike(looks: Sequence[Look], settings: Features) -> Iterator[Finding]:
    """The parity of each view over the clouds, and a Finding for each cloud that did not answer."""
    tolerance = duration(settings.skew).total_seconds()
    for view in dict.fromkeys(seen.view for seen in looks):
        answered = {seen.cloud: seen.sample for seen in looks if seen.view == view and not seen.silent}
        yield parity.parity(view, answered, differing=settings.differing, tolerance_seconds=tolerance)
        yield from (parity.silent(view, seen.cloud, seen.silent) for seen in looks if seen.view == view and seen.silent)


def smoked(clouds: Mapping[str, FeatureCloud], settings: Features) -> Iterator[Finding]:
    """What an application would get from each cloud."""
    asked = settings.smoke
    if not asked:
        return
    for name, cloud in clouds.items():
        try:
            if cloud.serving is not None:
                yield smoke.smoke(asked.features, name, cloud.serving.features(asked.features, asked.entity))
        except NephoscopeError as error:
            yield smoke.silent(asked.features, name, error.what)


def readings(looks: Sequence[Look]) -> dict[str, Any]:
    """What the hub compares: by cloud and view the sample, or why there is none."""
    found: dict[str, Any] = {}
    for seen in looks:
        told = {"silent": seen.silent} if seen.silent else to_reading(seen.sample)
        found.setdefault(seen.cloud, {})[seen.view] = told
    return {"samples": found}
