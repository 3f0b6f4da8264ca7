"""One cloud's share of the monitoring: what its store is asked, and what its answers come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nephoscope.findings import Finding
from nephoscope.jobs.asking import Answers, Questions
from nephoscope.monitoring import canary
from nephoscope.monitoring.answer import Answer, Unknown
from nephoscope.monitoring.query import Query, Window, complete
from nephoscope.monitoring.version import served
from nephoscope.monitoring.watch import LOOK_BACK_PERIODS, Watch, judged, values
from nephoscope.settings.watches import Asked, Versions


@dataclass(frozen=True, slots=True)
class _Windows:
    """The periods that one watch judges, those it reads, and those its rule rests on."""

    judge: Window
    read: Window
    past: Window | None


@dataclass(frozen=True, slots=True)
class Share:
    """What one cloud is asked at one time."""

    cloud: str
    asked: Asked
    at: datetime

    def questions(self) -> Questions:
        """Each query once a window."""
        wanted: dict[Window, dict[Query, None]] = {}
        for window, query in self._wanted():
            wanted.setdefault(window, {})[query] = None
        listed: dict[Window, dict[Query, None]] = {}
        for query, period in self.asked.serving.values():
            listed.setdefault(self._back(period), {})[query] = None
        return Questions(
            {window: tuple(queries) for window, queries in wanted.items()},
            {window: tuple(queries) for window, queries in listed.items()},
            self.asked.version_label,
        )

    def findings(self, answers: Answers) -> list[Finding]:
        """Everything that the answers come to."""
        return [
            *(self._judged(watch, answers) for watch in self.asked.watches),
            *(served(model, self.cloud, answers.versions[query]) for model, (query, _) in self.asked.serving.items()),
            *(self._decided(versions, answers) for versions in self.asked.trials),
        ]

    def _wanted(self) -> Iterator[tuple[Window, Query]]:
        for watch in self.asked.watches:
            windows = self._windows(watch)
            yield windows.read, watch.query
            if windows.past is not None:
                yield windows.past, watch.query
            if watch.model in self.asked.weights:
                yield windows.read, self.asked.weights[watch.model]
        for versions in self.asked.trials:
            for query in (*versions.queries.values(), *versions.weights.values()):
                yield self._trial(versions), query

    def _complete(self, period: timedelta, periods: int) -> Window:
        return complete(self.at, lag=self.asked.lag, period=period, periods=periods)

    def _back(self, period: timedelta) -> Window:
        return self._complete(period, LOOK_BACK_PERIODS)

    def _trial(self, versions: Versions) -> Window:
        return self._complete(versions.period, versions.periods)

    def _windows(self, watch: Watch) -> _Windows:
        judge = self._complete(watch.period, watch.patience.of)
        read = replace(judge, start=judge.start - LOOK_BACK_PERIODS * watch.period)
        return _Windows(judge, read, None if watch.past is None else judge.before(watch.past))

    def _judged(self, watch: Watch, answers: Answers) -> Finding:
        windows = self._windows(watch)
        past = None if windows.past is None else answers.series[watch.query, windows.past]
        finding = judged(watch, windows.judge, answers.series[watch.query, windows.read], past)
        if watch.model not in self.asked.weights:
            return finding
        weight = total(answers.series[self.asked.weights[watch.model], windows.read], windows.judge)
        return finding if weight is None else replace(finding, evidence={**finding.evidence, "predictions": weight})

    def _decided(self, versions: Versions, answers: Answers) -> Finding:
        window, trial = self._trial(versions), versions.trial
        stable, new = (self._version(name, versions, window, answers) for name in (trial.stable, trial.canary))
        return canary.decide(trial, stable, new)

    def _version(self, name: str, versions: Versions, window: Window, answers: Answers) -> canary.Version:
        answer = answers.series[versions.queries[name], window]
        lack = answer if isinstance(answer, Unknown) else None
        shown = [None] * len(window.starts) if isinstance(answer, Unknown) else values(answer, window)
        weight = versions.weights.get(name)
        counted = None if weight is None else known_sum(answers.series[weight, window], window)
        return canary.Version(shown, counted, lack)


def total(answer: Answer, window: Window) -> float | None:
    """The sum over a window of which every period is known."""
    if isinstance(answer, Unknown):
        return None
    known = [value for value in values(answer, window) if value is not None]
    return sum(known) if len(known) == len(window.starts) else None


def known_sum(answer: Answer, window: Window) -> float | None:
    """The sum of the periods that are known; None where none is."""
    if isinstance(answer, Unknown):
        return None
    known = [value for value in values(answer, window) if value is not None]
    return sum(known) if known else None
