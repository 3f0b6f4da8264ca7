"""A timer fired: ask a cloud's metric store about its models, judge what it answers, tell."""

from __future__ import annotations

import time
from dataclasses import replace
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
from nephoscope.settings.watched import HOME
from nephoscope.settings.watches import asked

JOB: Final = "monitoring"
SCOPE = "models"


def run(event: TimerFired, *, cloud: str, store: Metrics, outbox: Outbox, settings: Settings) -> Report:
    """
    Judge every metric of every model in one cloud.

    Args:
        event: The slot; its time decides which periods are asked for.
        cloud: Whose spellings and limits count; the configuration has a metric store for it.
        store: That cloud's metric store.
        outbox: Where it is told.
        settings: What is watched.

    Raises:
        Transient: The ledger or the topic does not answer; the Event is delivered again.
    """
    if settings.hub != HOME:  # each cloud watches itself: whoever asks by hand speaks in that cloud's stream
        outbox = replace(outbox, cloud=cloud)
    if (told := outbox.told(event, JOB)) is not None:
        return told
    started = time.perf_counter()
    share = Share(cloud, asked(settings)[cloud], event.at)
    answers = ask(store, share.questions(), share.asked.deadline)

    findings = tuple(share.findings(answers))

    return outbox.publish(
        event,
        JOB,
        SCOPE if cloud == outbox.cloud else f"{SCOPE} in {cloud}",
        findings,
        coverage=coverage(cloud, answers),
        inputs={cloud: f"{len(answers.series)} series"},
        interval_seconds=next_due_seconds(settings, JOB, event),
        duration_seconds=time.perf_counter() - started,
    )


def coverage(cloud: str, answers: Answers) -> Coverage:
    """Whether the store answered."""
    if not answers.series:
        return Coverage(0, 0)
    heard = any(map(_answered, answers.series.values()))
    return Coverage(1, 1) if heard else Coverage(1, 0, (cloud,))


def _answered(answer: Answer) -> bool:
    return isinstance(answer, Series) or answer.lack is not Lack.QUERY_FAILED or answer.fault is Fault.WRONG_NAME
