"""
A table landed: compare it with its Baseline and report every column that moved.

A table that lands in several objects is compared when its folder is complete: when the object that says so lands, or
when nothing landed for a while. Until then each part is profiled and kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from msgspec import UNSET

from nephoscope.drift.compare import compare, table_finding, unreadable
from nephoscope.drift.limits import DriftLimits
from nephoscope.drift.profile import Profile
from nephoscope.drift.table_checks import Per
from nephoscope.errors import BadBaseline, BadPayload, Unreadable
from nephoscope.events import ObjectRef, ObjectWritten, stable_id
from nephoscope.findings import Finding
from nephoscope.outbox import Outbox
from nephoscope.parts import StoredParts, folder_of
from nephoscope.ports import Baselines, Tables
from nephoscope.report import Coverage, Report
from nephoscope.settings import Settings
from nephoscope.settings.datasets import DataSet
from nephoscope.settings.durations import duration
from nephoscope.settings.urls import inside, ref_of

JOB = "drift"


def run(
    event: ObjectWritten,
    *,
    tables: Tables,
    baselines: Baselines,
    outbox: Outbox,
    settings: Settings,
    parts: StoredParts | None = None,
) -> Report:
    """
    Compare a landed table with its Baseline and report every column that moved.

    Raises:
        BadPayload: The object lies in no configured data set.
        Transient: A store does not answer; the Event is delivered again.
    """
    if (told := outbox.told(event, JOB)) is not None:
        return told
    started = time.perf_counter()
    dataset = settings.dataset_of(event.object)
    if dataset is None:
        raise BadPayload(
            f"'{event.object.url}' lies in none of the {len(settings.datasets)} configured data sets.",
            do="name its place under datasets, or narrow the trigger",
        )
    landing = settings.datasets[dataset].parts
    watched = settings.datasets[dataset]
    if landing is UNSET or parts is None:
        judged = _judge(event, dataset, watched, tables, baselines)
    elif landing.completes(event.object.key.rpartition("/")[2]):
        return _judge_folder(event, dataset, watched, parts, baselines, outbox)
    else:
        return _keep(event, dataset, watched, parts, tables, baselines, outbox)
    return _publish(event, dataset, judged, outbox, started)


def run_quiet(
    now: datetime, *, baselines: Baselines, outbox: Outbox, settings: Settings, parts: StoredParts
) -> Iterator[Report]:
    """Judge the folders whose last part landed long enough ago."""
    for dataset, written in settings.datasets.items():
        if written.parts is UNSET or written.parts.quiet is UNSET:
            continue
        for folder in parts.waiting(dataset):
            if now - folder.newest < duration(written.parts.quiet):
                continue
            event = ObjectWritten(stable_id("quiet", folder.place.url, str(folder.landed)), folder.newest, folder.place)
            yield _judge_folder(event, dataset, written, parts, baselines, outbox)


Judged = tuple[tuple[Finding, ...], str | None]  # and the Baseline's version, None where nothing was compared


def _publish(event: ObjectWritten, dataset: str, judged: Judged, outbox: Outbox, started: float) -> Report:
    findings, version = judged
    return outbox.publish(
        event,
        JOB,
        dataset,
        findings,
        coverage=Coverage(1, int(version is not None), () if version else (event.object.key,)),
        inputs={event.object.url: event.object.version},
        baseline=version or "",
        duration_seconds=time.perf_counter() - started,
    )


def _judge(event: ObjectWritten, dataset: str, watched: DataSet, tables: Tables, baselines: Baselines) -> Judged:
    baseline, limits = None, watched.limits()
    try:
        baseline, version = baselines.current(dataset) or _first(event.object, dataset, watched, tables, baselines)
        window = tables.profile(event.object, like=baseline, expected=watched.expected, key=watched.key)
        return compare(baseline, window, limits, dataset=dataset, at=event.at), version
    except (Unreadable, BadBaseline) as error:
        return unreadable(limits, dataset, error, baseline=baseline, at=event.at), None


def _judge_folder(
    event: ObjectWritten,
    dataset: str,
    watched: DataSet,
    parts: StoredParts,
    baselines: Baselines,
    outbox: Outbox,
) -> Report:
    """Judge a folder as far as it has landed; it waits on until its Report is on record."""
    started = time.perf_counter()
    folder = parts.folder(dataset, folder_of(event.object))
    baseline, limits = None, watched.limits()
    try:
        baseline, version = baselines.current(dataset) or (None, "")
        window = parts.whole(dataset, folder.place)
        if baseline is None:
            do = f"nephoscope baseline promote {dataset} PROFILE"
            raise BadBaseline(f"The data set '{dataset}' has no Baseline.", do=do)
        per = _per(baseline, watched)
        judged: Judged = (compare(baseline, window, limits, dataset=dataset, at=event.at, per=per), version)
    except (Unreadable, BadBaseline) as error:
        judged = (unreadable(limits, dataset, error, baseline=baseline, at=event.at), None)
    report = _publish(event, dataset, judged, outbox, started)
    parts.judged(dataset, folder)
    return report


def _per(baseline: Profile, watched: DataSet) -> Per:
    """What a folder's rows are held against: where the Baseline is one of the parts that landed, a part's."""
    places = [source.url.removeprefix("file://") for source in baseline.sources]
    return Per.PART if len(places) == 1 and inside(places[0], watched.objects) else Per.FOLDER


def _keep(
    event: ObjectWritten,
    dataset: str,
    watched: DataSet,
    parts: StoredParts,
    tables: Tables,
    baselines: Baselines,
    outbox: Outbox,
) -> Report:
    """Profile a part and keep it, or why it could not be; its Report goes to the log alone: it speaks for no table."""
    try:
        baseline, _ = baselines.current(dataset) or _first(event.object, dataset, watched, tables, baselines)
        part = tables.profile(event.object, like=baseline, expected=watched.expected, key=watched.key)
        parts.add(dataset, event, part)
        findings: tuple[Finding, ...] = (table_finding(part, dataset),)
    except (Unreadable, BadBaseline) as error:
        # Without a Baseline there are no bins to profile a part over; kept as an error it makes its folder unknown.
        why = error if isinstance(error, Unreadable) else Unreadable(error.what, do=error.do, why="NOT_COMPUTABLE")
        parts.add(dataset, event, why)
        findings = unreadable(DriftLimits(), dataset, why)
    run_id = stable_id(event.id, JOB)
    return Report(run_id, JOB, outbox.cloud, dataset, event.at, event.id, run_id, findings)


def _first(
    table: ObjectRef, dataset: str, watched: DataSet, tables: Tables, baselines: Baselines
) -> tuple[Profile, str]:
    """Make what the configuration names the Baseline, or the first table that lands."""
    if watched.baseline is UNSET:
        profile = tables.profile(table, expected=watched.expected, key=watched.key)
    else:
        try:
            profile = tables.profile(ref_of(watched.baseline), key=watched.key)
        except (BadPayload, Unreadable) as error:
            raise BadBaseline(f"The configured baseline of '{dataset}': {error.what}", do=error.do) from error
    return profile, baselines.promote(dataset, profile)
