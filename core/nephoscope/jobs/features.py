"""A timer fired or a view's file landed: bring every cloud's online store up to date, then prove that it is."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from nephoscope.errors import NephoscopeError
from nephoscope.events import ObjectRef, ObjectWritten, TimerFired
from nephoscope.features.plan import Step, Window, plan
from nephoscope.features.view import View
from nephoscope.findings import Finding
from nephoscope.jobs.feature_look import Look, alike, draw, fresh, look, readings, smoked
from nephoscope.jobs.feature_progress import ViewProgress
from nephoscope.jobs.feature_sync import FeatureCloud, Run, sync
from nephoscope.outbox import Outbox, run_id
from nephoscope.ports import Clock
from nephoscope.report import Coverage, Report
from nephoscope.settings import Features, duration

JOB = "features"
READINGS_BYTES, KEY_BYTES = 40_000, 52
"""What a Report has room for, and what one key of a sample takes of it."""


def run(
    event: TimerFired | ObjectWritten,
    *,
    clouds: Mapping[str, FeatureCloud],
    views: Sequence[View],
    outbox: Outbox,
    clock: Clock,
    settings: Features,
    landed: Collection[str] = (),
    interval_seconds: float | None = None,
) -> Report:
    """
    Sync every view to every cloud, then look at what the stores hold.

    Args:
        event: What happened.
        clouds: Those whose stores can be asked from here: its own for a function, all for a laptop.
        views: All of the registry: a Report that left one out would say that it is not watched any more.
        outbox: Where the Report goes.
        clock: Tells the end of every window.
        settings: Of the feature store.
        landed: The views of which a file landed: its rows are read whatever the watermarks say.
        interval_seconds: How long until the job's next slot; None where there is none.

    Raises:
        Transient: The ledger or the topic does not answer; what was written stays written.
    """
    if (told := outbox.told(event, JOB)) is not None:
        return told
    started = time.perf_counter()
    now = clock.now()
    file = event.object if isinstance(event, ObjectWritten) else None

    synced = sync_all(run_id(event, JOB), clouds, views, clock, settings, landed=landed, file=file)
    looks = look_at_all(clouds, views, settings)

    findings = (*synced, *fresh(looks, views, now, settings), *smoked(clouds, settings))
    compared = tuple(alike(looks, settings)) if len(clouds) > 1 else ()
    silent = tuple(sorted({seen.cloud for seen in looks if seen.silent}))
    return outbox.publish(
        event,
        JOB,
        settings.project,
        (*findings, *compared),
        coverage=Coverage(len(clouds), len(clouds) - len(silent), silent),
        readings=readings(looks),
        interval_seconds=interval_seconds,
        duration_seconds=time.perf_counter() - started,
    )


def planned(
    clouds: Mapping[str, FeatureCloud],
    views: Sequence[View],
    now: datetime,
    settings: Features,
    *,
    landed: Collection[str] = (),
) -> tuple[Step, ...]:
    """What is missing where; nothing is written. A cloud whose records do not answer keeps no other back."""
    synced, silent = dict[str, dict[str, Window]](), list[Step]()
    for name, cloud in clouds.items():
        try:
            synced[name] = _synced(name, cloud, views, now, settings)
        except NephoscopeError as error:
            silent += [Step(view.name, name, None, reason=error.what, silent=True) for view in views]
    by_name = {view.name: view for view in views}
    steps = plan(views, synced, now, late=duration(settings.late), landed=landed)
    computed = [_computed(step, by_name[step.view], clouds[step.cloud], settings) for step in steps]
    return (*computed, *silent)


def _computed(step: Step, view: View, cloud: FeatureCloud, settings: Features) -> Step:
    """A step as it is, unless its source holds other rows than the view, and nothing here may make those of them."""
    if step.window is None or not view.transformed:
        return step
    if view.name not in cloud.engines:
        reason = "Feast has to compute it from what its source holds, and only Spark does: name it in features.spark."
    elif view.coded and not settings.trusted:
        reason = "Feast has to compute it by code of the registry, which may not be run: set features.trusted."
    else:
        return step
    return replace(step, window=None, reason=reason, silent=True)


def _synced(
    name: str, cloud: FeatureCloud, views: Sequence[View], now: datetime, settings: Features
) -> dict[str, Window]:
    """What of each view is in a cloud's store."""
    known = ((view, _progress(settings, name, cloud, view).read().watermark) for view in views)
    return {view.name: mark.synced(view.served_from(now)) for view, mark in known if mark is not None}


def sync_all(
    owner: str,
    clouds: Mapping[str, FeatureCloud],
    views: Sequence[View],
    clock: Clock,
    settings: Features,
    *,
    landed: Collection[str] = (),
    file: ObjectRef | None = None,
) -> tuple[Finding, ...]:
    """Write what is missing, one view and cloud after the other; one that fails does not keep the others back."""
    by_name = {view.name: view for view in views}
    # An Event that is delivered twice at once is one run's id and two runs.
    this = Run(f"{owner}~{secrets.token_hex(8)}", clock, duration(settings.lease), settings.sample)
    return tuple(
        sync(
            step,
            by_name[step.view],
            clouds[step.cloud],
            _progress(settings, step.cloud, clouds[step.cloud], by_name[step.view]),
            replace(this, landed=file) if step.view in landed and step.since is not None else this,
        )
        for step in planned(clouds, views, clock.now(), settings, landed=landed)
    )


def look_at_all(clouds: Mapping[str, FeatureCloud], views: Sequence[View], settings: Features) -> list[Look]:
    """Read back the sample of every view that is served, as much of it as a Report has room for."""
    served = [view for view in views if view.online]
    room = READINGS_BYTES // KEY_BYTES // max(len(served) * len(clouds), 1)
    size = max(min(settings.sample, room), 1)

    def held(name: str, cloud: FeatureCloud, view: View) -> Look:
        try:
            known = _progress(settings, name, cloud, view).read()
        except NephoscopeError as error:
            return Look(view.name, name, silent=error.what)
        keys = [bytes.fromhex(key) for key in known.sample[:size]]
        if known.watermark is None:
            return Look(view.name, name, silent="nothing of the view as it is now was ever synced to it")
        seen = look(view, name, cloud, keys, bytes.fromhex(known.watermark.newest_key), size)
        return replace(seen, served_from=view.served_from(known.watermark.until))

    return _looked(clouds, served, held)


def draw_and_look(clouds: Mapping[str, FeatureCloud], views: Sequence[View], now: datetime, size: int) -> list[Look]:
    """Draw keys anew from each view's source, and read them from every store; a source that is silent tells nothing."""
    served = [view for view in views if view.online]
    home = next(iter(clouds.values()))
    drawn, silent = dict[str, list[bytes]](), dict[str, str]()
    for view in served:
        try:
            drawn[view.name] = draw(view, home, now, size)
        except NephoscopeError as error:
            silent[view.name] = error.what

    def held(name: str, cloud: FeatureCloud, view: View) -> Look:
        if view.name in silent:
            return Look(view.name, name, silent=silent[view.name])
        return look(view, name, cloud, drawn[view.name], b"", size + 1)

    return _looked(clouds, served, held)


def _looked(
    clouds: Mapping[str, FeatureCloud], served: Sequence[View], held: Callable[[str, FeatureCloud, View], Look]
) -> list[Look]:
    """Ask all clouds at once, each for one view after the other: the slowest store is waited for, not all of them."""
    with ThreadPoolExecutor(len(clouds)) as pool:
        each = list(pool.map(lambda name: [held(name, clouds[name], view) for view in served], clouds))
    return [seen for looks in zip(*each, strict=True) for seen in looks]


def _progress(settings: Features, name: str, cloud: FeatureCloud, view: View) -> ViewProgress:
    elsewhere: Mapping[str, str] = settings.sources.get(name, {})  # type: ignore[call-overload]
    source = replace(view.source, uri=elsewhere.get(view.name, view.source.uri))
    return ViewProgress(cloud.state, settings.project, name, replace(view, source=source))
