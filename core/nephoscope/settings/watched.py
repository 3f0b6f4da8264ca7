"""
What the configuration watches: which streams of Reports its timers make come, and whether it still has what an Alert
names.

One rule for every job: a label that the configuration names things by must hold one of its names. What the
configuration does not name (a tag's value in a bill, a view of the Feast repository, a recorded event) it always has;
such things leave with the next complete Report that does not mention them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from cronsim import CronSim
from msgspec import UNSET

from nephoscope.alerts.streams import HEARTBEAT, Expected
from nephoscope.drift.limits import CHECKS
from nephoscope.settings.configuration import Configuration, TimedJob
from nephoscope.settings.datasets import DataSet
from nephoscope.settings.spending import clouds_with_bills
from nephoscope.settings.watches import asked

HOME: Final = "local"
MODELS, BILL, ALL = "models", "bill", "all"  # scopes of the jobs monitoring, cost and rollup


def expected(configuration: Configuration, now: datetime) -> list[Expected]:
    """
    The streams that have to come, from here on.

    Args:
        configuration: What is watched where, and by which timers.
        now: The slots after it tell the interval; a first slot that is far away makes it longer.

    >>> from datetime import UTC
    >>> from nephoscope.settings.bills import Bills, CostExplorer
    >>> daily = Configuration(version=1, hub="aws", bills=Bills(aws=CostExplorer()), timers={"cost": "0 6 * * *"})
    >>> expected(daily, datetime(2026, 11, 24, 7, 0, tzinfo=UTC))
    [Expected(job='cost', cloud='aws', scope='bill', interval_seconds=86400.0)]
    """
    return [
        Expected(job, cloud, scope, _longest(cron, now))
        for job, cron in configuration.timers.items()
        for cloud, scope in _timed(configuration, job)
        if cloud != HOME or configuration.hub == HOME  # nobody waits for somebody's laptop
    ]


def _timed(configuration: Configuration, job: TimedJob) -> Iterator[tuple[str, str]]:
    """The clouds and scopes in which a job runs by itself: each with a store of its own, or the one machine."""
    at_home = HOME if configuration.hub == HOME else ""
    features = configuration.features
    if job == "monitoring":
        its = [cloud for cloud, share in asked(configuration).items() if share.watches]
        yield from ((at_home, _scope(cloud)) if at_home and cloud != at_home else (cloud, MODELS) for cloud in its)
    elif job == "cost" and (clouds := clouds_with_bills(configuration)):
        yield from ((cloud, BILL) for cloud in ([at_home] if at_home else sorted(clouds)))
    elif job == "features" and features is not UNSET:
        yield from ((cloud, features.project) for cloud in ([at_home] if at_home else sorted(features.stores)))
    elif job == "rollup":
        yield configuration.hub, ALL


def _scope(cloud: str) -> str:
    return f"{MODELS} in {cloud}"


def _longest(cron: str, now: datetime) -> float:
    """The time to the next slot or from that to the one after it, whichever is longer."""
    slots = CronSim(cron, now)
    first, second = next(slots), next(slots)
    return max(first - now, second - first).total_seconds()


def watches(configuration: Configuration, about: Mapping[str, str]) -> bool:
    """
    Whether the configuration still has everything that some labels name.

    Args:
        configuration: What is watched.
        about: The labels of a stream (job, cloud, scope) or of an Alert (those, its own, check and subject).

    >>> from nephoscope.settings.datasets import DataSet
    >>> flights = Configuration(version=1, datasets={"flights": DataSet(objects="landed")})
    >>> [watches(flights, {"job": "drift", "scope": name}) for name in ("flights", "scores")]
    [True, False]
    """
    name_things = _NAMED.get(about.get("job", ""), _nothing)
    named = dict(name_things(configuration, about))
    if about.get("check") == HEARTBEAT:
        named["job"] = configuration.timers
    return all(about[label] in names for label, names in named.items() if label in about)


Names = Mapping[str, Collection[str]]


def _drift(configuration: Configuration, about: Mapping[str, str]) -> Names:
    names: dict[str, Collection[str]] = {"scope": configuration.datasets, "dataset": configuration.datasets}
    written = configuration.datasets.get(about.get("dataset", ""))
    if written is not None and written.preset is UNSET and about.get("check", "") in _COLUMN_CHECKS:
        names["subject"] = _subjects(about["dataset"], written, about["check"])
    return names


_COLUMN_CHECKS = {f"drift.{check}" for check in CHECKS}


def _subjects(name: str, written: DataSet, check: str) -> list[str]:
    return [f"{name}/{column}" for column, checks in written.columns.items() if check.removeprefix("drift.") in checks]


def _monitoring(configuration: Configuration, _: Mapping[str, str]) -> Names:
    clouds = [cloud for cloud, share in asked(configuration).items() if share.watches]
    at_home = configuration.hub == HOME
    scopes = [*(map(_scope, clouds) if at_home else ()), *([MODELS] if clouds else [])]
    return {"scope": scopes, "cloud": [*clouds, "local"], "model": configuration.models}


def _cost(configuration: Configuration, about: Mapping[str, str]) -> Names:
    named: dict[str, Collection[str]] = {}
    if about.get("scope") == BILL:
        clouds = clouds_with_bills(configuration)
        named = {"cloud": [*clouds, "local"] if clouds else []}
    return {**named, **_budgets(configuration, about)}


def _rollup(configuration: Configuration, about: Mapping[str, str]) -> Names:
    of_models = about.get("check", "").startswith("monitoring.")
    models: Names = {"model": configuration.models} if of_models else {}
    return {**models, **_budgets(configuration, about)}


def _budgets(configuration: Configuration, about: Mapping[str, str]) -> Names:
    return {"subject": configuration.budgets} if about.get("check") in BUDGET_CHECKS else {}


BUDGET_CHECKS = {"cost.budget", "cost.provider_share", "cost.forecast"}


def _features(configuration: Configuration, _: Mapping[str, str]) -> Names:
    features = configuration.features
    if features is UNSET:
        return {"scope": ()}
    return {"scope": (features.project,), "cloud": (*features.stores, "local")}


def _security(configuration: Configuration, _: Mapping[str, str]) -> Names:
    return {"watched": configuration.security.watched}


def _nothing(_: Configuration, __: Mapping[str, str]) -> Names:
    return {}


def _hub(configuration: Configuration, _: Mapping[str, str]) -> Names:
    return {"channel": configuration.channels}


_NAMED: Mapping[str, Callable[[Configuration, Mapping[str, str]], Names]] = {
    "cost": _cost,
    "drift": _drift,
    "features": _features,
    "hub": _hub,
    "monitoring": _monitoring,
    "rollup": _rollup,
    "security": _security,
}
