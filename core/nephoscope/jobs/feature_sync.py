"""One view into one cloud's online store: rows are counted in, written, counted out, and only then the mark moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from nephoscope.errors import NephoscopeError, Transient
from nephoscope.events import ObjectRef
from nephoscope.features import counts
from nephoscope.features.plan import Step, Window
from nephoscope.features.ragged import Ragged, of_rows
from nephoscope.features.reading import NoPart
from nephoscope.features.rows import Rows, Written, gathered
from nephoscope.features.sample import merged, smallest
from nephoscope.features.view import View
from nephoscope.features.watermark import Watermark
from nephoscope.findings import Finding
from nephoscope.jobs.feature_progress import ViewProgress
from nephoscope.ports import Clock, Engine, FeatureTables, OnlineStore, Serving, State


class Taken(Transient):
    """Another run holds the view."""


@dataclass(frozen=True, slots=True)
class FeatureCloud:
    """One cloud as the job meets it."""

    state: State  # where its progress is kept
    tables: FeatureTables
    store: OnlineStore
    serving: Serving | None = None
    engines: Mapping[str, Engine] = field(default_factory=dict)  # by view, what materialises it instead


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the job knows of itself."""

    owner: str  # this run's alone, whatever Event woke it
    clock: Clock
    lease: timedelta
    sample: int
    landed: ObjectRef | None = None  # the one file to read of a view that was synced before


@dataclass(slots=True)
class _Seen:
    """What went by while a view was written."""

    size: int
    written: Written = field(default_factory=lambda: Written(0, 0))
    sample: Ragged = field(default_factory=lambda: of_rows([]))
    newest_us: int | None = None
    newest_key: str = ""

    def add(self, rows: Rows, written: Written) -> None:
        self.written += written
        self.sample = of_rows(merged([self.sample, of_rows(smallest(rows.keys, self.size))], self.size))
        newest = rows.take(rows.event_us.argsort()[-1:])
        event_us = int(newest.event_us[0])
        if self.newest_us is None or event_us >= self.newest_us:
            self.newest_us, self.newest_key = event_us, newest.keys.rows()[0].hex()


def sync(step: Step, view: View, cloud: FeatureCloud, progress: ViewProgress, run: Run) -> Finding:
    """
    Bring one view up to date in one cloud.

    Returns:
        What the counts say; unknown where the source or the store did not answer, so that the other clouds go on. The
        watermark moves only where every row is accounted for.
    """
    if step.window is None:
        return counts.failed(step, step.reason) if step.silent else counts.idle(step)
    try:
        with _alone(cloud.store, progress, run):
            return _sync(step, step.window, view, cloud, progress, run)
    except NoPart as nothing:
        return counts.idle(replace(step, reason=nothing.what))
    except NephoscopeError as error:
        return counts.failed(step, error.what)


@contextmanager
def _alone(store: OnlineStore, progress: ViewProgress, run: Run) -> Iterator[None]:
    """Hold the lease on a view where its store cannot compare and write at once; let go of it whatever happens."""
    _claim(store, progress, run)
    try:
        yield
    finally:
        if not store.atomic:
            progress.release(run.owner)


def _claim(store: OnlineStore, progress: ViewProgress, run: Run) -> None:
    """Take the lease or make it longer; whoever was overtaken, frozen or slow, stops here."""
    if not store.atomic and not progress.claim(run.owner, run.clock.now(), run.lease):
        raise Taken("Another run is writing this view; the next one goes on from there.")


def _sync(step: Step, window: Window, view: View, cloud: FeatureCloud, progress: ViewProgress, run: Run) -> Finding:
    cloud.store.prepare(view)
    if (engine := cloud.engines.get(view.name)) is not None:
        return _materialized(step, window, view, cloud, engine, progress, run)
    reading = cloud.tables.read(view, window, landed=run.landed)
    seen = _Seen(run.sample)
    for rows in gathered(reading.batches, cloud.store.batch_rows):
        _claim(cloud.store, progress, run)
        seen.add(rows, cloud.store.write(view, rows))
    if counts.accounted(reading.counted, seen.written):
        first = view.served_from(window.end)
        mark = Watermark(window.end, reading.counted.read, run.clock.now(), seen.newest_us, seen.newest_key, first)
        proven = window if run.landed is None else None
        progress.advance(proven, mark, seen.sample.rows(), run.sample, run.owner)
    return counts.synced(step, reading.counted, seen.written, foreign=reading.foreign)


def _materialized(
    step: Step, window: Window, view: View, cloud: FeatureCloud, engine: Engine, progress: ViewProgress, run: Run
) -> Finding:
    """The same by an engine, whose newest row is the newest of its sample, read back from the store."""
    counted, written, keys = engine.materialize(view, window)
    if counts.accounted(counted, written):
        sample = smallest(of_rows(keys), run.sample)
        stored = [(row.event_us, key) for row, key in zip(cloud.store.read(view, keys), keys, strict=True) if row]
        newest_us, newest_key = max(stored, default=(None, b""))
        first = view.served_from(window.end)
        mark = Watermark(window.end, counted.read, run.clock.now(), newest_us, newest_key.hex(), first)
        progress.advance(window, mark, sample, run.sample, run.owner)
    foreign = [f"{name} ({kind})" for name, kind in view.foreign.items()]
    return counts.synced(step, counted, written, foreign=foreign)
