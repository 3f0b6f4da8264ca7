"""
What running a configuration costs a month, by a stated model.

    python deploy/price.py nephoscope.yaml [--landings 24] [--models 10]

calls × (seconds × memory × price + price of a call) for each job in each cloud that has a store, the messages, records
and log lines that a call leaves, and what is paid for being there (keys, secrets, alarms). How often a job is called
comes from the timers; how long a call lasts is assumed below; prices stand in prices.json, with their date. What people
store, and network traffic between clouds, is not in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cronsim import CronSim
from nephoscope.errors import NephoscopeError
from nephoscope.settings import Settings, load
from nephoscope.wiring.doctor import secrets_of

PRICES = Path(__file__).with_name("prices.json")
START, MONTH = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=30)
LOG_BYTES = 1_200  # our line, and the platform's own three
SCHEMES = {"aws": "s3://", "azure": "az://", "gcp": "gs://"}
TIMED = {"sweep": "* * * * *"}  # what is timed without being asked for
HUB_TIMED = {"rollup": "*/15 * * * *"}


@dataclass(frozen=True, slots=True)
class Call:
    """What one call of a job takes."""

    seconds: float
    memory_gib: float
    writes: int = 2  # the ledger's record and its mark
    reads: int = 2
    messages: int = 1


CALLS = {
    "monitoring": Call(2.0, 0.5),
    "cost": Call(20.0, 1.0),
    "drift": Call(6.0, 3.0),
    "features": Call(60.0, 2.0),
    "sweep": Call(0.6, 0.5, writes=0, reads=4, messages=0),
    "rollup": Call(1.5, 0.5, reads=20),
    "notify": Call(0.5, 0.5, writes=3, reads=4),
}


def calls(settings: Settings, landings: int) -> dict[str, Counter[str]]:
    """How often each job is called in a month, by cloud."""
    timers: dict[str, str] = {str(job): cron for job, cron in settings.timers.items()}
    counted: dict[str, Counter[str]] = {cloud: Counter() for cloud in SCHEMES if cloud in set(settings.stores)}
    for cloud, jobs in counted.items():
        for job, cron in (TIMED | timers).items():
            if job != "rollup" and has(settings, cloud, job):
                jobs[job] += slots(cron)
        places = [one for one in settings.datasets.values() if one.objects.startswith(SCHEMES[cloud])]
        jobs["drift"] += len(places) * landings * MONTH.days
    if settings.hub in counted:
        told = sum(count * CALLS[job].messages for jobs in counted.values() for job, count in jobs.items())
        counted[settings.hub] += Counter(notify=told, rollup=slots((HUB_TIMED | timers)["rollup"]))
    return counted


def has(settings: Settings, cloud: str, job: str) -> bool:
    """Whether a timed job runs in a cloud."""
    section = {"monitoring": "metric_stores", "cost": "bills"}.get(job)
    return section is None or getattr(getattr(settings, section), cloud, None) is not None


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


def quantities(cloud: str, jobs: Counter[str], settings: Settings, models: int) -> dict[str, float]:
    """What is paid for in one cloud, in the units of prices.json."""
    total = sum(jobs.values())
    hub = cloud == settings.hub
    return {
        "calls": total,
        "gib_seconds": sum(count * CALLS[job].seconds * CALLS[job].memory_gib for job, count in jobs.items()),
        "messages": sum(count * CALLS[job].messages for job, count in jobs.items()) + jobs["drift"],
        "timers": total - jobs["notify"],
        "writes": sum(count * CALLS[job].writes for job, count in jobs.items()),
        "reads": sum(count * CALLS[job].reads for job, count in jobs.items()),
        "metrics": jobs["monitoring"] * models,
        "bill_questions": jobs["cost"],
        "log_gib": total * LOG_BYTES / 1024**3,
        "keys": 1 + hub,
        "secrets": len(secrets_of(settings)) * hub,
        "alarms": len(jobs) + 2 + 2 * hub,
    }


def main(arguments: list[str]) -> int:
    """Print the model, its lines and the sum."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load(asked.config)
    except NephoscopeError as error:
        print(error, file=sys.stderr)
        return 2
    prices = json.loads(PRICES.read_text())
    print(f"Prices as of {prices['as_of']}: {prices['source']}.")
    print(
        f"Model: {asked.landings} tables a day land in each data set; {asked.models} metrics are watched in each cloud."
    )
    total = 0.0
    for cloud, jobs in calls(settings, asked.landings).items():
        paid = {
            name: count * prices["per"][cloud][name]
            for name, count in quantities(cloud, jobs, settings, asked.models).items()
        }
        total += sum(paid.values())
        lines = ", ".join(f"{name.replace('_', ' ')} {cost:.2f}" for name, cost in paid.items() if cost >= 0.005)
        print(f"{cloud:6} {sum(paid.values()):8.2f} {prices['currency']} a month: {lines}")
        print(f"{'':22} {', '.join(f'{job} {count:,}' for job, count in sorted(jobs.items()) if count)} calls")
    print(f"{'total':6} {total:8.2f} {prices['currency']} a month")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What running a configuration costs a month, by a stated model.")
    parser.add_argument("config", type=Path, help="the nephoscope.yaml")
    parser.add_argument("--landings", type=int, default=24, help="tables a day that land in each data set")
    parser.add_argument("--models", type=int, default=10, help="metrics that are watched in each cloud")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
