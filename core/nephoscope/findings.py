"""
One measured value held against its limit, or the reason why it could not be measured.

A verdict has three states. Unknown is an answer: a value that is missing or not finite can never be "ok", and a Finding
refuses to be built that way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Number: TypeAlias = float | Decimal


class Verdict(StrEnum):
    """The three answers of a check."""

    OK = "ok"
    BREACH = "breach"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How urgent a breach is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Direction(StrEnum):
    """Where good values lie."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value is held against: `low` is the least good value, `high` the greatest; `at_limit` judges equality."""

    direction: Direction
    low: Number | None = None
    high: Number | None = None
    at_limit: Verdict = Verdict.OK
    hold_seconds: float = 0.0  # how long a breach lasts before people are told (Alertmanager's `for`)

    def __post_init__(self) -> None:
        bounds = {
            Direction.AT_LEAST: (self.low is not None, self.high is None),
            Direction.AT_MOST: (self.low is None, self.high is not None),
            Direction.BETWEEN: (self.low is not None, self.high is not None),
        }
        if not all(bounds[self.direction]):
            raise ValueError(f"a limit '{self.direction}' with low {self.low} and high {self.high}")
        if any(bound is not None and not math.isfinite(bound) for bound in (self.low, self.high)):
            raise ValueError(f"a limit that is not finite: {self.low}, {self.high}")
        if self.at_limit is Verdict.UNKNOWN:
            raise ValueError("equality is ok or a breach, never unknown")

    @property
    def value(self) -> Number | None:
        """The one number of a one-sided limit; None for `between`."""
        return {Direction.AT_LEAST: self.low, Direction.AT_MOST: self.high, Direction.BETWEEN: None}[self.direction]

    def __str__(self) -> str:
        if self.direction is Direction.BETWEEN:
            return f"between {written(self.low)} and {written(self.high)}"
        return f"{self.direction.replace('_', ' ')} {written(self.value)}"


def written(number: Number | None) -> str:
    """
    A number as people write it: money in full, what was measured with six digits, nothing after a bare point.

    >>> written(15.0), written(0.1), written(1234567.0), written(Decimal("1000.00")), written(None)
    ('15', '0.1', '1234567', '1000.00', 'nothing')
    """
    if number is None:
        return "nothing"
    if isinstance(number, Decimal):
        return f"{number:f}"
    return f"{number:.0f}" if abs(number) < 1e15 and number == int(number) else f"{number:.6g}"


def at_most(high: Number, *, at_limit: Verdict = Verdict.OK) -> Limit:
    """Values up to `high` are good."""
    return Limit(Direction.AT_MOST, high=high, at_limit=at_limit)


def at_least(low: Number, *, at_limit: Verdict = Verdict.OK) -> Limit:
    """Values from `low` on are good."""
    return Limit(Direction.AT_LEAST, low=low, at_limit=at_limit)


def between(low: Number, high: Number, *, at_limit: Verdict = Verdict.OK) -> Limit:
    """Values from `low` to `high` are good."""
    return Limit(Direction.BETWEEN, low=low, high=high, at_limit=at_limit)


def judge(value: Number | None, limit: Limit) -> Verdict:
    """
    Hold a value against its limit; what is missing or NaN is unknown.

    >>> [str(judge(v, at_most(0.1))) for v in (0.05, 0.1, 0.2775, float("nan"), None)]
    ['ok', 'ok', 'breach', 'unknown', 'unknown']
    >>> str(judge(0.1, at_most(0.1, at_limit=Verdict.BREACH)))
    'breach'
    """
    if value is None or math.isnan(value):
        return Verdict.UNKNOWN
    if value in (limit.low, limit.high):
        return limit.at_limit
    too_low = limit.low is not None and value < limit.low
    too_high = limit.high is not None and value > limit.high
    return Verdict.BREACH if too_low or too_high else Verdict.OK


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured value held against its limit, or the reason why it could not be measured."""

    check: str  # "drift.ks"
    subject: str  # what was measured: "flights/dep_delay"
    verdict: Verdict
    reason: str  # for people: what was seen, with numbers
    value: Number | None = None  # in the unit its check documents; None when unknown or not a number's business
    limit: Limit | None = None
    severity: Severity = Severity.MEDIUM
    labels: Mapping[str, str] = field(default_factory=dict)  # identity beyond the subject: model, cloud, data set
    evidence: Mapping[str, float | str] = field(default_factory=dict)  # numbers and names, never data values

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value) and self.verdict is not Verdict.BREACH:
            raise ValueError(f"{self.check} of {self.subject}: {self.value} cannot be {self.verdict}; give no value")
        if self.verdict is Verdict.UNKNOWN and not self.reason:
            raise ValueError(f"{self.check} of {self.subject} is unknown without a reason")


def measured(
    check: str,
    subject: str,
    value: Number,
    limit: Limit,
    *,
    reason: str,
    severity: Severity = Severity.MEDIUM,
    labels: Mapping[str, str] | None = None,
    evidence: Mapping[str, float | str] | None = None,
) -> Finding:
    """Judge a value; NaN becomes unknown, with `reason` said all the same."""
    verdict = judge(value, limit)
    return Finding(
        check,
        subject,
        verdict,
        reason,
        value=None if verdict is Verdict.UNKNOWN else value,
        limit=limit,
        severity=severity,
        labels=labels or {},
        evidence=evidence or {},
    )


def unknown(
    check: str,
    subject: str,
    *,
    reason: str,
    limit: Limit | None = None,
    severity: Severity = Severity.MEDIUM,
    labels: Mapping[str, str] | None = None,
    evidence: Mapping[str, float | str] | None = None,
) -> Finding:
    """Say what could not be looked at, and why."""
    return Finding(
        check,
        subject,
        Verdict.UNKNOWN,
        reason,
        limit=limit,
        severity=severity,
        labels=labels or {},
        evidence=evidence or {},
    )


def worst(verdicts: list[Verdict]) -> Verdict:
    """
    Breach before unknown before ok.

    >>> str(worst([Verdict.OK, Verdict.UNKNOWN, Verdict.BREACH])), str(worst([Verdict.OK]))
    ('breach', 'ok')
    """
    for verdict in (Verdict.BREACH, Verdict.UNKNOWN):
        if verdict in verdicts:
            return verdict
    return Verdict.OK
