"""One metric of one model in one cloud: what is watched, and what the store's answer means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

from nephoscope.findings import Finding, Limit, Severity, Verdict, judge, written
from nephoscope.monitoring.adaptive import Adaptive, least_points, novelty
from nephoscope.monitoring.answer import Answer, Lack, Point, Series, Unknown, evidence_of
from nephoscope.monitoring.n_of_m import ONCE, Patience, n_of_m
from nephoscope.monitoring.query import Query, Window
from nephoscope.monitoring.reference import LEAST_POINTS, Reference, reference_limit

LIMIT = "monitoring.limit"
REFERENCE = "monitoring.reference"
ADAPTIVE = "monitoring.adaptive"
READ = "monitoring.read"

NOTHING: Mapping[str, float | str] = MappingProxyType({})

LOOK_BACK_PERIODS = 12  # beyond the judged ones, so that stale is told from never there

Rule: TypeAlias = Limit | Reference | Adaptive | None


@dataclass(frozen=True, slots=True)
class Watch:
    """What one metric is held against; a rule of None only asks whether the metric can be read."""

    model: str
    metric: str
    cloud: str
    query: Query
    rule: Rule
    period: timedelta = timedelta(hours=1)
    patience: Patience = ONCE
    severity: Severity = Severity.MEDIUM
    version: str = ""

    @property
    def check(self) -> str:
        """The name that its Findings carry."""
        return {Limit: LIMIT, Reference: REFERENCE, Adaptive: ADAPTIVE}.get(type(self.rule), READ)

    @property
    def past(self) -> timedelta | None:
        """How long a past its rule rests on; None where it rests on none."""
        return self.rule.past if isinstance(self.rule, Reference | Adaptive) else None

    @property
    def subject(self) -> str:
        """What its Findings speak of."""
        return f"{self.model}/{self.metric}"

    @property
    def labels(self) -> dict[str, str]:
        """What identifies its Findings beyond the subject."""
        version = {"model_version": self.version} if self.version else {}
        return {"model": self.model, "cloud": self.cloud, **version}


@dataclass(frozen=True, slots=True)
class _Judgement:
    """The verdict of each period, and what it was told by."""

    verdicts: Sequence[Verdict]
    limit: Limit | None = None
    evidence: Mapping[str, float | str] = field(default_factory=dict)


def judged(watch: Watch, window: Window, answer: Answer, past: Answer | None = None) -> Finding:
    """
    Hold the last periods against the watch's rule.

    Args:
        watch: What is watched.
        window: The periods to judge; the answer may hold older points, by which stale is told from no data.
        answer: The store's.
        past: Its answer for the window that a Reference or an adaptive limit rests on.
    """
    if isinstance(answer, Unknown):
        return _unknown(watch, window, answer)
    periods = values(answer, window)
    # What the last period showed is known whatever the rule says of it: the hub holds clouds against one another by it.
    newest: dict[str, float | str] = {} if periods[-1] is None else {"newest": periods[-1]}
    judgement = _judgement(watch.rule, periods, window, past)
    if isinstance(judgement, Unknown):
        return _unknown(watch, window, judgement, newest)
    verdict = n_of_m(judgement.verdicts, watch.patience.breaches)
    if verdict is Verdict.UNKNOWN:
        return _unknown(watch, window, _lack(answer, window, periods), newest)
    telling = _telling(periods, judgement.verdicts, verdict)
    there = {"periods_with_data": sum(value is not None for value in periods)}
    return Finding(
        watch.check,
        watch.subject,
        verdict,
        _reason(watch, window, judgement, telling),
        value=telling,
        limit=judgement.limit,
        severity=watch.severity,
        labels=watch.labels,
        evidence={**_evidence(watch, window), **newest, **there, **judgement.evidence},
    )


def values(series: Series, window: Window) -> list[float | None]:
    """The finite value of each period of a window, the oldest first; None where there is none."""
    known = {point.at: point.value for point in series.points if math.isfinite(point.value)}
    return [known.get(start) for start in window.starts]


def _judgement(
    rule: Rule, periods: Sequence[float | None], window: Window, past: Answer | None
) -> _Judgement | Unknown:
    if rule is None:
        return _Judgement([Verdict.UNKNOWN if value is None else Verdict.OK for value in periods])
    if isinstance(rule, Limit):
        return _Judgement([judge(value, rule) for value in periods], rule)
    if past is None or isinstance(past, Unknown):
        return past or Unknown(Lack.NO_DATA, "The past that its limit rests on was not read.")
    return _by_reference(rule, periods, past) if isinstance(rule, Reference) else _adapted(rule, periods, window, past)


def _by_reference(rule: Reference, periods: Sequence[float | None], past: Series) -> _Judgement | Unknown:
    limit = reference_limit([point.value for point in past.points], rule)
    if limit is None:
        return _too_short(past, LEAST_POINTS)
    return _Judgement([judge(value, limit) for value in periods], limit, {"past_points": len(past.points)})


def _adapted(rule: Adaptive, periods: Sequence[float | None], window: Window, past: Series) -> _Judgement | Unknown:
    if past.period is not None:
        longer = f"The store keeps that past in periods of {_length(past.period)}, not of {_length(window.period)}."
        return Unknown(Lack.NO_DATA, longer)
    found = novelty(past.points, periods, window, rule)
    if found is None:
        return _too_short(past, least_points(window.period))
    newest = {"score": found.scores[-1], "expected": found.expected[-1]}
    told = {name: number for name, number in newest.items() if math.isfinite(number)}
    return _Judgement(found.verdicts, None, {"past_points": len(past.points), **told})


def _too_short(past: Series, least: int) -> Unknown:
    return Unknown(Lack.NO_DATA, f"The past that its limit rests on has {len(past.points)} points, {least} are needed.")


def _telling(periods: Sequence[float | None], verdicts: Sequence[Verdict], verdict: Verdict) -> float:
    """The newest value that speaks for the verdict."""
    pairs = zip(reversed(periods), reversed(verdicts), strict=True)
    return next(value for value, each in pairs if value is not None and each is verdict)


def _lack(series: Series, window: Window, periods: Sequence[float | None]) -> Unknown:
    finite = [point for point in series.points if math.isfinite(point.value)]
    if not finite:
        sick = "only values that are no numbers" if series.points else "no data"
        return Unknown(Lack.NO_DATA, f"There is {sick} in the periods up to {_time(window.end)}.")
    newest = max(finite, key=_at)
    if newest.at < window.start:
        age = window.end - newest.at
        return Unknown(
            Lack.STALE, f"The newest value is of {_time(newest.at)}, {_length(age)} before {_time(window.end)}."
        )
    there = sum(value is not None for value in periods)
    return Unknown(
        Lack.NO_DATA, f"Only {there} of the last {len(periods)} periods up to {_time(window.end)} have data."
    )


def _at(point: Point) -> datetime:
    return point.at


def _unknown(watch: Watch, window: Window, why: Unknown, newest: Mapping[str, float | str] = NOTHING) -> Finding:
    return Finding(
        watch.check,
        watch.subject,
        Verdict.UNKNOWN,
        why.reason,
        limit=watch.rule if isinstance(watch.rule, Limit) else None,
        severity=watch.severity,
        labels=watch.labels,
        evidence={**_evidence(watch, window), **newest, **evidence_of(why)},
    )


def _reason(watch: Watch, window: Window, judgement: _Judgement, telling: float) -> str:
    span = f"in the {_length(window.period)} to {_time(window.end)}"
    if watch.rule is None:
        return f"{watch.metric} was {written(telling)} {span}."
    expected = "what its past makes usual" if judgement.limit is None else str(judgement.limit)
    count = len(judgement.verdicts)
    if count == 1:
        usual = judgement.evidence.get("expected")
        about = f" (about {written(float(usual))})" if usual is not None else ""
        return f"{watch.metric} was {written(telling)} {span}, {expected}{about} was expected."
    breaches = sum(verdict is Verdict.BREACH for verdict in judgement.verdicts)
    return (
        f"{watch.metric} was not {expected} in {breaches} of the last {count} periods to {_time(window.end)} "
        f"({watch.patience.breaches} make a breach), it was {written(telling)}."
    )


def _evidence(watch: Watch, window: Window) -> dict[str, float | str]:
    return {
        "metric": str(watch.query),
        "statistic": str(watch.query.statistic),
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
        "period_seconds": window.period.total_seconds(),
    }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _length(length: timedelta) -> str:
    """
    A length of time in its largest whole unit.

    >>> _length(timedelta(hours=1)), _length(timedelta(minutes=90)), _length(timedelta(days=2))
    ('hour', '90 minutes', '2 days')
    """
    minutes = round(length.total_seconds() / 60)
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes and minutes % size == 0:
            return unit if minutes == size else f"{minutes // size} {unit}s"
    return "minute" if minutes == 1 else f"{minutes} minutes"
