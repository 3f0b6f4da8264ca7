"""How often a job runs by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from cronsim import CronSim

from nephoscope.events import ObjectWritten, TimerFired

if TYPE_CHECKING:
    from nephoscope.settings.configuration import Configuration, TimedJob


def next_due_seconds(configuration: Configuration, job: TimedJob, event: TimerFired | ObjectWritten) -> float | None:
    """
    In what interval the next Reports are due after an Event; None where the job has no timer, or is run by hand.

    A Report by hand must not make the hub wait for the next one; one of a landed file waits for the next slots.

    >>> from datetime import UTC
    >>> from nephoscope.events import ObjectRef
    >>> from nephoscope.settings.configuration import Configuration
    >>> hourly = Configuration(version=1, timers={"features": "0 * * * *"})
    >>> at = datetime(2026, 11, 24, 6, 45, tzinfo=UTC)
    >>> landed = ObjectWritten("o", at, ObjectRef("aws", "b", "k", "1", 1))
    >>> next_due_seconds(hourly, "features", landed), next_due_seconds(hourly, "features", TimerFired("t", at, ""))
    (2250.0, None)
    """
    by_hand = isinstance(event, TimerFired) and not event.schedule
    return None if by_hand else interval_seconds(configuration, job, event.at)


def interval_seconds(configuration: Configuration, job: TimedJob, at: datetime) -> float | None:
    """
    In what interval the next slots come; None where the job has no timer.

    The hub waits for two of them, until the second slot: so it is half the time to that. What comes seconds before a
    slot is then late no sooner than the slot after it, and a night without slots is waited for once.

    >>> from datetime import UTC
    >>> from nephoscope.settings.configuration import Configuration
    >>> hourly = Configuration(version=1, timers={"monitoring": "5 * * * *"})
    >>> interval_seconds(hourly, "monitoring", datetime(2026, 11, 24, 6, 5, tzinfo=UTC))
    3600.0
    >>> by_day = Configuration(version=1, timers={"monitoring": "*/5 8-18 * * *"})
    >>> interval_seconds(by_day, "monitoring", datetime(2026, 11, 24, 18, 55, tzinfo=UTC)) / 3600  # 8:00 and 8:05
    6.583333333333333
    """
    if job not in configuration.timers:
        return None
    _, second = islice(CronSim(configuration.timers[job], at.astimezone(UTC)), 2)
    return (second - at).total_seconds() / 2


def slot_before(cron: str, now: datetime, *, slots: int = 1) -> datetime:
    """
    The newest slot that is not later than `now`, or the one that is so many slots back.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 24, 6, 34, 50, tzinfo=UTC)
    >>> [f"{slot_before('*/5 * * * *', now, slots=back):%H:%M}" for back in (1, 2)]
    ['06:30', '06:25']
    """
    back = CronSim(cron, now.replace(microsecond=0) + timedelta(seconds=1), reverse=True)
    return next(islice(back, slots - 1, None))
