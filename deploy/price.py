"""
What running a configuration costs a month, by a stated model.

    python deploy/price.py nephoscope.yaml [--landings 24] [--models 10] [--prices]

calls × (seconds × memory × price + price of a call) for each entry point in each cloud that has a store, the messages,
records and log lines that a call leaves, and what is paid for being there (keys, secrets, alarms, a plan that is always
on). How often an entry point is called comes from the timers; how long a call lasts is assumed below; prices stand in
prices.json, each with its list, its region and the list's date, and `--prices` prints them. A month has thirty days.

Not in it: free tiers and discounts, what people store, network between clouds, Cloud Build and registries, calls of the
security job (one a call that is refused or opens a place), Google's alarms (a price is announced), and what stays below
a cent a month: requests to keys, secrets and storage queues.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cronsim import CronSim
from msgspec import UNSET
from nephoscope.errors import NephoscopeError
from nephoscope.settings import Settings, load
from nephoscope.settings.spending import watched_tags
from nephoscope.wiring.doctor import secrets_of

PRICES = Path(__file__).with_name("prices.json")
START, MONTH = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=30)
SCHEMES = {"aws": "s3://", "azure": "az://", "gcp": "gs://"}
TIMED = {"sweep": "* * * * *"}  # what is timed without being asked for
HUB_TIMED = {"rollup": "*/15 * * * *"}
LOG_BYTES = 1_200  # of a call: our line, and the platform's own three
PUSHED_BYTES = {"timer": 1_000, "object": 2_000, "message": 4_096}  # Pub/Sub counts at least 1,000 of each message
QUERY_GIB = 0.1  # of the billing export in BigQuery, for a question about one month
POLLS = 5 * MONTH // timedelta(seconds=20)  # of one queue: Lambda waits at it with five long polls
HOURS = MONTH // timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Call:
    """What one call of an entry point takes; memory is what the deployment gives it, by cloud."""

    seconds: float
    gib: Mapping[str, float]
    writes: int = 2  # the ledger's record and its mark
    reads: int = 2
    messages: int = 1


def everywhere(gib: float) -> dict[str, float]:
    """The same memory in all clouds."""
    return dict.fromkeys(SCHEMES, gib)


CALLS = {
    "monitoring_on_timer": Call(2.0, everywhere(0.5)),
    "cost_on_timer": Call(20.0, {"aws": 1.0, "azure": 2.0, "gcp": 1.0}),
    "drift_on_timer": Call(0.6, {"aws": 1.0, "azure": 4.0, "gcp": 1.0}, writes=0, reads=4, messages=0),
    "drift_on_object": Call(6.0, {"aws": 3008 / 1024, "azure": 4.0, "gcp": 4.0}),
    "features_on_timer": Call(60.0, everywhere(2.0)),
    "features_on_object": Call(60.0, everywhere(2.0)),
    "sweep_on_timer": Call(0.6, everywhere(0.5), writes=0, reads=4, messages=0),
    "rollup_on_timer": Call(1.5, everywhere(0.5), reads=20),
    "notify_on_message": Call(0.5, everywhere(0.5), writes=3, reads=4),
}
# Cloud Run functions have processors by their memory; a service of ours has one.
PROCESSORS = {0.5: 0.333, 1.0: 0.583, 2.0: 1.0, 4.0: 2.0}
PLAN_CPUS, PLAN_GIB = 1, 3.5  # EP1, on which Azure runs images


def calls(settings: Settings, landings: int) -> dict[str, Counter[str]]:
    """How often each entry point is called in a month, by cloud."""
    timers: dict[str, str] = {str(job): cron for job, cron in settings.timers.items()}
    counted: dict[str, Counter[str]] = {cloud: Counter() for cloud in SCHEMES if cloud in set(settings.stores)}
    for cloud, found in counted.items():
        for job, cron in (TIMED | timers).items():
            if job != "rollup" and has(settings, cloud, job):
                found[f"{job}_on_timer"] += slots(cron)
        for name, places in landed(settings, cloud).items():
            found[name] += places * landings * MONTH.days
    if settings.hub in counted:
        told = sum(count * CALLS[name].messages for found in counted.values() for name, count in found.items())
        rollups = slots((HUB_TIMED | timers)["rollup"])
        told += rollups * CALLS["rollup_on_timer"].messages
        counted[settings.hub] += Counter(notify_on_message=told, rollup_on_timer=rollups)
    return counted


def has(settings: Settings, cloud: str, job: str) -> bool:
    """Whether a timed job runs in a cloud."""
    if job == "features":
        return serves(settings, cloud)
    if job == "drift":
        return landed(settings, cloud)["drift_on_object"] > 0
    section = {"monitoring": "metric_stores", "cost": "bills"}.get(job)
    return section is None or getattr(getattr(settings, section), cloud, UNSET) is not UNSET


def serves(settings: Settings, cloud: str) -> bool:
    """Whether features have an online store in a cloud, so that their image runs there."""
    return settings.features is not UNSET and cloud in dict(settings.features.stores)


def landed(settings: Settings, cloud: str) -> dict[str, int]:
    """How many places in a cloud set each entry point off."""
    sets = sum(one.objects.startswith(SCHEMES[cloud]) for one in settings.datasets.values())
    views = 0
    if settings.features is not UNSET and serves(settings, cloud):
        sources = {str(name): views for name, views in settings.features.sources.items()}
        views = len(sources.get(cloud, {}))
    return {"drift_on_object": sets, "features_on_object": views}


def slots(cron: str) -> int:
    """
    How many times a cron expression fires in thirty days.

    >>> slots("0 6 * * *"), slots("*/15 * * * *")
    (30, 2880)
    """
    count, fires = 0, CronSim(cron, START - timedelta(minutes=1))
    while next(fires) < START + MONTH:
        count += 1
    return count


def questions(settings: Settings) -> int:
    """How many months a run of the cost job asks a billing API for: by service, by each tag, and by account."""
    months = 1 + settings.bills.anomalies.history_months
    return months * (1 + len(watched_tags(settings)) + 1)


def quantities(cloud: str, found: Counter[str], settings: Settings, models: int) -> dict[str, float]:
    """What is paid for in one cloud, in the units of prices.json."""
    # On Azure the image of features runs on a plan that is paid for by the hour.
    on_plan = cloud == "azure"
    metered = {name: count for name, count in found.items() if not (on_plan and name.startswith("features_"))}
    seconds = {name: count * billed_seconds(cloud, name) for name, count in metered.items()}
    return {
        "calls": sum(metered.values()),
        "gib_seconds": sum(each * CALLS[name].gib[cloud] for name, each in seconds.items()),
        "writes": sum(count * CALLS[name].writes for name, count in found.items()),
        "reads": sum(count * CALLS[name].reads for name, count in found.items()),
        "log_gib": sum(found.values()) * LOG_BYTES / 1024**3,
        **_OWN[cloud](found, settings, models),
    }


def _aws(found: Counter[str], settings: Settings, models: int) -> dict[str, float]:
    hub = settings.hub == "aws"
    watched = 1 + sum(places > 0 for places in landed(settings, "aws").values())  # the bill's export, and what lands
    handed_over = found["notify_on_message"] + ending(found, "_on_object")
    functions = len(found) + 2  # what the audit log and the export set off
    return {
        "timer_calls": ending(found, "_on_timer"),
        "notifications": found["notify_on_message"],
        "queue_requests": 3 * handed_over + (watched + hub) * POLLS,  # sent, received, deleted
        "metrics": found["monitoring_on_timer"] * models,
        "bill_pages": found["cost_on_timer"] * questions(settings),
        "keys": 1 + hub,
        "secrets": len(secrets_of(settings)) * hub,
        "alarms": functions + 1 + watched + 2 * hub,  # each's dead letters; undelivered; waiting; the hub's own
    }


def _azure(found: Counter[str], settings: Settings, models: int) -> dict[str, float]:  # noqa: ARG001
    handed_over = found["notify_on_message"] + ending(found, "_on_object")
    topics = (
        len(accounts(settings)) + 2 + (settings.hub == "azure")
    )  # landing accounts, activity log, export; the Topic
    on = HOURS if serves(settings, "azure") else 0
    return {
        "grid_operations": 2 * handed_over,  # taken in, handed over
        "alarms": 2 * topics,  # dead-lettered, dropped
        "log_alarms": 1,
        "plan_cpu_hours": on * PLAN_CPUS,
        "plan_gib_hours": on * PLAN_GIB,
    }


def _gcp(found: Counter[str], settings: Settings, models: int) -> dict[str, float]:
    pushed = {name: count * PUSHED_BYTES[name.partition("_on_")[2]] for name, count in found.items()}
    return {
        "vcpu_seconds": sum(
            count * CALLS[name].seconds * PROCESSORS[CALLS[name].gib["gcp"]] for name, count in found.items()
        ),
        "pushed_tib": 2 * sum(pushed.values()) / 1024**4,  # in and out
        "schedules": sum(name.endswith("_on_timer") for name in found),
        "metrics": found["monitoring_on_timer"] * models,
        "query_tib": found["cost_on_timer"] * questions(settings) * QUERY_GIB / 1024,
        "secrets": len(secrets_of(settings)) * (settings.hub == "gcp"),
    }


_OWN = {"aws": _aws, "azure": _azure, "gcp": _gcp}


def ending(found: Counter[str], trigger: str) -> int:
    """How many calls a kind of trigger makes."""
    return sum(count for name, count in found.items() if name.endswith(trigger))


def billed_seconds(cloud: str, name: str) -> float:
    """
    What is billed of one call: on Flex Consumption at least a second.

    >>> billed_seconds("aws", "sweep_on_timer"), billed_seconds("azure", "sweep_on_timer")
    (0.6, 1.0)
    """
    return max(CALLS[name].seconds, 1.0 if cloud == "azure" else 0.0)


def accounts(settings: Settings) -> set[str]:
    """The storage accounts that tables land in."""
    places = [one.objects for one in settings.datasets.values()]
    return {place.removeprefix("az://").split("/")[0] for place in places if place.startswith("az://")}


@dataclass(frozen=True, slots=True)
class Price:
    """One line of a price list."""

    price: float
    per: int  # so many of the unit
    unit: str
    list: str  # whose, and its address
    region: str
    as_of: str  # the list's month, or "undated"
    seen: str  # where the same price was read a second time; empty for nowhere

    @property
    def each(self) -> float:
        """What one costs."""
        return self.price / self.per


def prices() -> dict[str, dict[str, Price]]:
    """Every price, by cloud and quantity."""
    written: dict[str, Any] = json.loads(PRICES.read_text())
    return {cloud: {name: Price(**one) for name, one in lines.items()} for cloud, lines in written.items()}


def main(arguments: list[str]) -> int:
    """Print the model, its lines and the sum."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load(asked.config)
    except NephoscopeError as error:
        print(error, file=sys.stderr)
        return 2
    counted, listed = calls(settings, asked.landings), prices()
    print(f"List prices {_dates(listed, counted)}, without free tiers; --prices prints each with its list and date.")
    print(f"Model: {asked.landings} tables a day land in each place; {asked.models} metrics are watched in each cloud.")
    total = 0.0
    for cloud, found in counted.items():
        paid = {
            name: count * listed[cloud][name].each
            for name, count in quantities(cloud, found, settings, asked.models).items()
        }
        total += sum(paid.values())
        lines = ", ".join(f"{name.replace('_', ' ')} {cost:.2f}" for name, cost in paid.items() if cost >= 0.005)
        print(f"{cloud:6} {sum(paid.values()):8.2f} USD a month: {lines}")
        print(f"{'':22} {', '.join(f'{name} {count:,}' for name, count in sorted(found.items()) if count)}")
    print(f"{'total':6} {total:8.2f} USD a month")
    if asked.prices:
        print("\n".join(_told(listed, counted)))
    return 0


def _dates(listed: Mapping[str, Mapping[str, Price]], clouds: Mapping[str, object]) -> str:
    dates = [one.as_of for cloud in clouds for one in listed[cloud].values()]
    dated = sorted(set(dates) - {"undated"})
    undated = dates.count("undated")
    span = f"of {dated[0]}" if len(dated) == 1 else f"of {dated[0]} to {dated[-1]}"
    return span + (f", {undated} of them undated" if undated else "")


def _told(listed: Mapping[str, Mapping[str, Price]], clouds: Mapping[str, object]) -> Iterator[str]:
    for cloud in clouds:
        for name, one in listed[cloud].items():
            seen = f"; again in {one.seen}" if one.seen else ""
            yield (
                f"{cloud:6} {name.replace('_', ' '):16} {one.price:g} USD for {one.per:,} {one.unit}: "
                f"{one.list}, {one.region}, {one.as_of}{seen}"
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What running a configuration costs a month, by a stated model.")
    parser.add_argument("config", type=Path, help="the nephoscope.yaml")
    parser.add_argument("--landings", type=int, default=24, help="tables a day that land in each data set or source")
    parser.add_argument("--models", type=int, default=10, help="metrics that are watched in each cloud")
    parser.add_argument("--prices", action="store_true", help="print every price with its list and date")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
