"""A timer fired: ask every metric store about its models, judge what it answers, tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from nephoscope.events import TimerFired
from nephoscope.jobs.asking import Answers, ask
from nephoscope.jobs.share import Share
from nephoscope.monitoring.answer import Answer, Fault, Lack, Series
from nephoscope.outbox import Outbox
from nephoscope.ports import Metrics
from nephoscope.report import Coverage, Report
from nephoscope.settings import Settings
from nephoscope.settings.timers import next_due_seconds
from nephoscope.settings.watches import asked

JOB: Final = "monitoring"
SCOPE = "models"


def run(event: TimerFired, *, stores: Mapping[str, Metrics], outbox: Outbox, settings: Settings) -> Report:
    """
    Judge every metric of every model in the clouds whose stores are given.

    Raises:
        Transient: The ledger or the topic does not answer; the Event is delivered again.
    """
    if (told := outbox.told(event, JOB)) is not None:
        return told
    started = time.perf_counter()
    shares = {
        cloud: Share(cloud, what, event.at)
        for cloud, what in asked(settings).items()
        if cloud in stores and what.watches
    }
    answers = ask(
        stores,
        {cloud: share.questions() for cloud, share in shares.items()},
        {cloud: share.asked.deadline for cloud, share in shares.items()},
    )

    findings = tuple(finding for cloud, share in shares.items() for finding in share.findings(answers[cloud]))

    return outbox.publish(
        event,
        JOB,
        SCOPE,
        findings,
        coverage=coverage(answers),
        inputs={cloud: f"{len(found.series)} series" for cloud, found in answers.items()},
        interval_seconds=next_due_seconds(settings, JOB, event),
        duration_seconds=time.perf_counter() - started,
    )


def coverage(answers: Mapping[str, Answers]) -> Coverage:
    """How many of the stores answered."""
    silent = tuple(cloud for cloud, found in answers.items() if not any(map(_answered, found.series.values())))
    return Coverage(len(answers), len(answers) - len(silent), silent)


def _answered(answer: Answer) -> bool:
    return isinstance(answer, Series) or answer.lack is not Lack.QUERY_FAILED or answer.fault is Fault.WRONG_NAME
