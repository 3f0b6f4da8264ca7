"""A table landed: compare it with its Baseline and report every column that moved."""

from __future__ import annotations

import time

from nephoscope.drift.compare import compare, unreadable
from nephoscope.drift.limits import DriftLimits
from nephoscope.drift.profile import Profile
from nephoscope.errors import BadBaseline, BadPayload, Unreadable
from nephoscope.events import ObjectRef, ObjectWritten
from nephoscope.findings import Finding
from nephoscope.outbox import Outbox
from nephoscope.ports import Baselines, Tables
from nephoscope.report import Coverage, Report
from nephoscope.settings import Settings

JOB = "drift"


def run(event: ObjectWritten, *, tables: Tables, baselines: Baselines, outbox: Outbox, settings: Settings) -> Report:
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
    limits = DriftLimits(settings.datasets[dataset].limits())

    findings, version = _judge(event.object, dataset, limits, tables, baselines)

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


def _judge(
    table: ObjectRef, dataset: str, limits: DriftLimits, tables: Tables, baselines: Baselines
) -> tuple[tuple[Finding, ...], str | None]:
    """The Findings, and the Baseline's version; None for it where the comparison could not be made."""
    try:
        baseline, version = baselines.current(dataset) or _first(table, dataset, tables, baselines)
        window = tables.profile(table, like=baseline)
        return compare(baseline, window, limits, dataset=dataset), version
    except (Unreadable, BadBaseline) as error:
        return unreadable(limits, dataset, error), None


def _first(table: ObjectRef, dataset: str, tables: Tables, baselines: Baselines) -> tuple[Profile, str]:
    """Make the first table that lands the Baseline."""
    profile = tables.profile(table)
    return profile, baselines.promote(dataset, profile)
