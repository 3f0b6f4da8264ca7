"""A timer fired: ask every metric store about its models, judge what it answers, tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from nephoscope.events import TimerFired
from nephoscope.findings import Finding
from nephoscope.jobs.asking import Answers, Questions, ask
from nephoscope.monitoring.answer import Answer, Fault, Lack, Series, Unknown
from nephoscope.monitoring.query import Query, Window, complete
from nephoscope.monitoring.reference import Reference
from nephoscope.monitoring.watch import LOOK_BACK_PERIODS, Watch, judged, values
from nephoscope.outbox import Outbox
from nephoscope.ports import Metrics
from nephoscope.report import Coverage, Report
from nephoscope.settings import Settings
from nephoscope.settings.timers import interval_seconds
from nephoscope.settings.watches import Asked, asked

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
    shares = {cloud: share for cloud, share in asked(settings).items() if cloud in stores and share.watches}
    answers = ask(
        stores,
        {cloud: questions(share, event.at) for cloud, share in shares.items()},
        {cloud: share.deadline for cloud, share in shares.items()},
    )

    findings = tuple(
        _judged(watch, share, event.at, answers[cloud]) for cloud, share in shares.items() for watch in share.watches
    )

    return outbox.publish(
        event,
        JOB,
        SCOPE,
        findings,
        coverage=coverage(answers),
        inputs={cloud: f"{len(found)} series" for cloud, found in answers.items()},
        interval_seconds=interval_seconds(settings, JOB, event.at),
        duration_seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True, slots=True)
class _Windows:
    """The periods that one watch judges, those it reads, and those its reference rests on."""

    judge: Window
    read: Window
    past: Window | None

    @classmethod
    def of(cls, watch: Watch, share: Asked, at: datetime) -> _Windows:
        judge = complete(at, lag=share.lag, period=watch.period, periods=watch.patience.of)
        read = replace(judge, start=judge.start - LOOK_BACK_PERIODS * watch.period)
        past = judge.before(watch.rule.past) if isinstance(watch.rule, Reference) else None
        return cls(judge, read, past)


def questions(share: Asked, at: datetime) -> Questions:
    """What one store is asked: each query once a window."""
    wanted: dict[Window, dict[Query, None]] = {}
    for watch in share.watches:
        windows = _Windows.of(watch, share, at)
        wanted.setdefault(windows.read, {})[watch.query] = None
        if windows.past is not None:
            wanted.setdefault(windows.past, {})[watch.query] = None
        if watch.model in share.weights:
            wanted.setdefault(windows.read, {})[share.weights[watch.model]] = None
    return {window: tuple(queries) for window, queries in wanted.items()}


def coverage(answers: Mapping[str, Answers]) -> Coverage:
    """How many of the stores answered."""
    silent = tuple(cloud for cloud, found in answers.items() if found and not any(map(_answered, found.values())))
    return Coverage(len(answers), len(answers) - len(silent), silent)


def _answered(answer: Answer) -> bool:
    return isinstance(answer, Series) or answer.lack is not Lack.QUERY_FAILED or answer.fault is Fault.WRONG_NAME


def _judged(watch: Watch, share: Asked, at: datetime, answers: Answers) -> Finding:
    windows = _Windows.of(watch, share, at)
    past = None if windows.past is None else answers[watch.query, windows.past]
    finding = judged(watch, windows.judge, answers[watch.query, windows.read], past)
    if watch.model not in share.weights:
        return finding
    weight = _sum(answers[share.weights[watch.model], windows.read], windows.judge)
    return finding if weight is None else replace(finding, evidence={**finding.evidence, "predictions": weight})


def _sum(answer: Answer, window: Window) -> float | None:
    """The sum over a window of which every period is known."""
    if isinstance(answer, Unknown):
        return None
    known = [value for value in values(answer, window) if value is not None]
    return sum(known) if len(known) == len(window.starts) else None
