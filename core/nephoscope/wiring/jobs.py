"""The jobs as this machine runs them: each with its Event and the adapters of one Local."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

from nephoscope.events import ObjectWritten, TimerFired, stable_id
from nephoscope.jobs import cost as cost_job
from nephoscope.jobs import drift as drift_job
from nephoscope.jobs import features as features_job
from nephoscope.jobs import monitoring as monitoring_job
from nephoscope.jobs import rollup as rollup_job
from nephoscope.jobs.bill_rollup import bill_check
from nephoscope.jobs.feature_rollup import feature_check
from nephoscope.jobs.model_rollup import model_check
from nephoscope.report import Report
from nephoscope.settings.timers import next_due_seconds
from nephoscope.settings.watches import asked
from nephoscope.wiring.bills import all_advice
from nephoscope.wiring.hub import records_desk
from nephoscope.wiring.local import Local

T = TypeVar("T")


def monitoring(local: Local, event: TimerFired) -> list[tuple[TimerFired, Callable[[], Report]]]:
    """One run for each cloud with models to ask about, each with an Event of its own, as each cloud's timer has."""
    return [_in_cloud(cloud, local, event) for cloud, what in asked(local.settings).items() if what.watches]


def _in_cloud(cloud: str, local: Local, event: TimerFired) -> tuple[TimerFired, Callable[[], Report]]:
    its = replace(event, id=stable_id(event.id, cloud))
    store, outbox = local.metrics[cloud], local.outbox
    return its, partial(monitoring_job.run, its, cloud=cloud, store=store, outbox=outbox, settings=local.settings)


def side_by_side(works: Iterable[Callable[[], T]]) -> list[T]:
    """
    What several pieces of work come to, done at the same time: one that takes long keeps no other from its end.

    Raises:
        Exception: The first one that was raised, after all have ended.
    """
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(work) for work in works]
    return [each.result() for each in running]


def cost(local: Local, event: TimerFired | ObjectWritten) -> Report:
    """Judge the month of every billing API of the configuration, or the bill that a landed manifest lists."""
    if isinstance(event, ObjectWritten):
        return cost_job.run_on_delivery(
            event, deliveries=local.deliveries, outbox=local.outbox, settings=local.settings, bills=local.bills
        )
    return cost_job.run(
        event,
        bills=local.bills,
        outbox=local.outbox,
        settings=local.settings,
        stores=local.metrics,
        advice=all_advice(local.settings),
    )


def drift(local: Local, event: ObjectWritten) -> Report:
    """Compare one landed table with its Baseline."""
    return drift_job.run(
        event,
        tables=local.tables,
        baselines=local.baselines,
        outbox=local.outbox,
        settings=local.settings,
        parts=local.parts,
    )


def drift_quiet(local: Local) -> list[Report]:
    """Judge the tables in parts whose last part landed long enough ago."""
    return list(
        drift_job.run_quiet(
            local.clock.now(),
            baselines=local.baselines,
            outbox=local.outbox,
            settings=local.settings,
            parts=local.parts,
        )
    )


def features(local: Local, event: TimerFired | ObjectWritten) -> Report:
    """Sync the views that an Event is about to every cloud, and compare what their stores hold."""
    store = replace(local.features)  # a registry that was applied meanwhile counts
    return features_job.run(
        event,
        clouds=store.each_cloud,
        views=store.views,
        outbox=local.outbox,
        clock=local.clock,
        settings=store.written,
        landed=store.landed(event),
        interval_seconds=next_due_seconds(local.settings, "features", event),
    )


def rollup(local: Local, event: TimerFired) -> Report:
    """Judge what the clouds' newest Reports say together."""
    desk = records_desk(local.settings, local.clock)
    checks = (
        bill_check(local.settings, event.at),
        model_check(local.settings),
        feature_check(local.settings),
    )
    due = next_due_seconds(local.settings, "rollup", event)
    return rollup_job.run(event, desk=desk, outbox=local.outbox, checks=checks, interval_seconds=due)
