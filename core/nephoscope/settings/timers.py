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
    How long after an Event the job's next slot comes; None where the job has no timer, or is run by hand.

    A Report by hand must not make the hub wait for the next one; one of a landed file waits for the next slot.

    >>> from datetime import UTC
    >>> from nephoscope.events import ObjectRef
    >>> from nephoscope.settings.configuration import Configuration
    >>> hourly = Configuration(version=1, timers={"features": "0 * * * *"})
    >>> at = datetime(2026, 11, 24, 6, 45, tzinfo=UTC)
    >>> landed = ObjectWritten("o", at, ObjectRef("aws", "b", "k", "1", 1))
    >>> next_due_seconds(hourly, "features", landed), next_due_seconds(hourly, "features", TimerFired("t", at, ""))
    (900.0, None)
    """
    by_hand = isinstance(event, TimerFired) and not event.schedule
    return None if by_hand else interval_seconds(configuration, job, event.at)


def interval_seconds(configuration: Configuration, job: TimedJob, at: datetime) -> float | None:
    """
    How long after a slot the next one comes; None where the job has no timer.

    >>> from datetime import UTC
    >>> from nephoscope.settings.configuration import Configuration
    >>> hourly = Configuration(version=1, timers={"monitoring": "5 * * * *"})
    >>> interval_seconds(hourly, "monitoring", datetime(2026, 11, 24, 6, 5, tzinfo=UTC))
    3600.0
    """
    if job not in configuration.timers:
        return None
    return (next(CronSim(configuration.timers[job], at.astimezone(UTC))) - at).total_seconds()


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
