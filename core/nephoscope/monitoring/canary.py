"""
Whether a new version of a model is good enough, told from the old one that serves beside it.

Both versions are measured in the same periods, so what moves both cancels out: the evidence is the difference in each
period where both have a value, and the confidence interval of its mean (Student's t).

    the whole interval above −tolerance    promote
    the whole interval below −tolerance    rollback
    else, or too little evidence           hold
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, stdev

from nephoscope.findings import Finding, Limit, Severity, Verdict, at_least, unknown
from nephoscope.monitoring.answer import Lack, Unknown, evidence_of
from nephoscope.monitoring.student_t import student_t

CHECK = "monitoring.canary"
LEAST_PERIODS = 6


class Decision(StrEnum):
    """What a deployment system should do; nephoscope moves no traffic itself."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Trial:
    """Which versions are compared by which metric, and what is good enough."""

    model: str
    metric: str
    cloud: str
    stable: str  # the versions' names
    canary: str
    higher_is_better: bool = True
    tolerance: float = 0.0  # how much worse is still good enough, in the metric's unit
    least_predictions: int = 0
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Version:
    """What one version showed in the periods of the trial."""

    values: Sequence[float | None]  # one a period, the oldest first
    predictions: float | None = None  # over all periods; None where they are not counted
    lack: Unknown | None = None  # why the store told no values


@dataclass(frozen=True, slots=True)
class Interval:
    """The mean advantage of the canary, and how sure it is."""

    mean: float
    low: float
    high: float
    periods: int


def decide(trial: Trial, stable: Version, canary: Version) -> Finding:
    """
    Decide by what both versions showed.

    Returns:
        A Finding whose evidence holds the decision: promote is ok, rollback a breach; hold is ok while evidence still
        comes in, and unknown where a version shows nothing at all.
    """
    advantages = _advantages(trial, stable.values, canary.values)
    if not advantages:
        apart = f"{trial.canary} and {trial.stable} have no value of {trial.metric} in the same period."
        why = stable.lack or canary.lack or Unknown(Lack.NO_DATA, apart)
        return unknown(
            CHECK,
            _subject(trial),
            reason=why.reason,
            labels=_labels(trial),
            evidence={"decision": str(Decision.HOLD), "periods": 0, **evidence_of(why)},
        )
    shown = interval(advantages, trial.confidence)
    scarce = _scarce(trial, stable, canary, shown)
    decision = Decision.HOLD if scarce else _decision(shown, trial.tolerance)
    return Finding(
        CHECK,
        _subject(trial),
        Verdict.BREACH if decision is Decision.ROLLBACK else Verdict.OK,
        _reason(trial, decision, shown, scarce),
        value=shown.mean,
        limit=_limit(trial),
        severity=Severity.HIGH,
        labels=_labels(trial),
        evidence=_evidence(decision, shown, stable, canary),
    )


def interval(advantages: Sequence[float], confidence: float) -> Interval:
    """
    The mean of some differences with its confidence interval; with fewer than six it is endless.

    >>> found = interval([0.01, 0.03, 0.02, 0.02, 0.01, 0.03], 0.95)
    >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3)
    (0.02, 0.011, 0.029)
    """
    count = len(advantages)
    mean = fmean(advantages)
    if count < LEAST_PERIODS:
        return Interval(mean, -math.inf, math.inf, count)
    reach = student_t((1 + confidence) / 2, count - 1) * stdev(advantages) / math.sqrt(count)
    return Interval(mean, mean - reach, mean + reach, count)


def _advantages(trial: Trial, stable: Sequence[float | None], canary: Sequence[float | None]) -> list[float]:
    sign = 1 if trial.higher_is_better else -1
    pairs = zip(stable, canary, strict=True)
    return [sign * (new - old) for old, new in pairs if old is not None and new is not None]


def _scarce(trial: Trial, stable: Version, canary: Version, shown: Interval) -> str:
    """What is missing for a decision; empty where nothing is."""
    if shown.periods < LEAST_PERIODS:
        return f"{shown.periods} periods with both versions, {LEAST_PERIODS} are needed"
    counted = {"canary": canary.predictions, "stable": stable.predictions}
    for name, predictions in counted.items():
        if trial.least_predictions and (predictions or 0) < trial.least_predictions:
            known = "unknown" if predictions is None else f"{predictions:.0f}"
            return f"{known} predictions of the {name} version, {trial.least_predictions} are needed"
    return ""


def _decision(shown: Interval, tolerance: float) -> Decision:
    if shown.low >= -tolerance:
        return Decision.PROMOTE
    return Decision.ROLLBACK if shown.high < -tolerance else Decision.HOLD


def _limit(trial: Trial) -> Limit:
    return at_least(-trial.tolerance)


def _subject(trial: Trial) -> str:
    return f"{trial.model}/{trial.metric} of {trial.canary} against {trial.stable}"


def _labels(trial: Trial) -> dict[str, str]:
    return {"model": trial.model, "cloud": trial.cloud, "model_version": trial.canary}


def _reason(trial: Trial, decision: Decision, shown: Interval, scarce: str) -> str:
    better = "better" if shown.mean >= 0 else "worse"
    told = f"{decision}: version {trial.canary} is {abs(shown.mean):.4g} {better} in {trial.metric} than {trial.stable}"
    if scarce:
        return f"{told}, but that rests on {scarce}."
    return (
        f"{told} ({trial.confidence:.0%} sure of {shown.low:.4g} to {shown.high:.4g}), "
        f"over {shown.periods} periods; {trial.tolerance:g} worse is still good enough."
    )


def _evidence(decision: Decision, shown: Interval, stable: Version, canary: Version) -> dict[str, float | str]:
    counted = {"predictions_stable": stable.predictions, "predictions_canary": canary.predictions}
    bounds = {"low": shown.low, "high": shown.high} if math.isfinite(shown.low) else {}
    return {
        "decision": str(decision),
        "periods": shown.periods,
        **bounds,
        **{name: predictions for name, predictions in counted.items() if predictions is not None},
    }
