"""
An Alert's life, as a pure step function.

            breach            `for` is over           ok
    (none) -------> pending ----------------> firing ----> resolved
       |               | ok: forgotten           ^ |
       | unknown       v unknown                 | | unknown: stays firing, marked blind
       +----------> unknown --------------------- +
                       | ok                breach
                       +----> resolved

What could not be looked at is a state of its own. It never resolves an Alert that fires: it makes it blind. `for`
stands at the Limit, as it stands at the rule in Prometheus; it delays a new breach only, never one of which people
know already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nephoscope.alerts.fingerprint import fingerprint
from nephoscope.findings import Finding, Limit, Number, Severity, Verdict

LIFE_KEPT = 100  # moments of its life that an Alert carries along; the Reports keep all of them
ABOUT = ("model", "dataset", "bill", "feature_view", "scope")  # the first of these labels says what an Alert is about

_RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2}


class Phase(StrEnum):
    """Where an Alert is in its life."""

    PENDING = "pending"
    FIRING = "firing"
    UNKNOWN = "unknown"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Moment:
    """An Alert entered a phase."""

    state: Phase
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """The hub's record of a subject's life."""

    fingerprint: str
    check: str
    subject: str
    labels: Mapping[str, str]
    state: Phase
    since: datetime  # when it entered this state
    severity: Severity
    reason: str
    value: Number | None = None
    limit: Limit | None = None
    blind: str = ""  # why it can no longer be seen, while it fires
    began: datetime | None = None  # when the trouble began: the first breach or blindness of this episode
    evidence_url: str = ""
    correlation_id: str = ""
    life: tuple[Moment, ...] = ()

    @property
    def open(self) -> bool:
        """Whether people should know of it now."""
        return self.state in (Phase.FIRING, Phase.UNKNOWN)

    @property
    def all_labels(self) -> dict[str, str]:
        """
        What routes and silences match against: the labels, and check, subject, severity, state and about.

        `about` is what people would name first: the model, else the data set, the bill or the feature view, else the
        stream's scope. Grouped by it, the findings of one model from several checks and clouds are one Message.
        """
        about = next((self.labels[name] for name in ABOUT if self.labels.get(name)), self.subject)
        told = {"check": self.check, "subject": self.subject, "severity": str(self.severity), "state": str(self.state)}
        return {**self.labels, **told, "about": about}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One Finding as the hub saw it: when, from which run, under which labels."""

    finding: Finding
    at: datetime
    labels: Mapping[str, str]
    evidence_url: str = ""
    correlation_id: str = ""


def step(alert: Alert | None, sighting: Sighting) -> Alert | None:
    """
    The Alert after one more sighting.

    Args:
        alert: What was known, or None.
        sighting: What was seen now, not older than what was known.

    Returns:
        The Alert as it now stands; None where there is nothing to remember.
    """
    verdict = sighting.finding.verdict
    if verdict is Verdict.OK:
        return _after_ok(alert, sighting)
    if verdict is Verdict.UNKNOWN:
        return _after_unknown(alert, sighting)
    return _after_breach(alert, sighting)


def _after_ok(alert: Alert | None, sighting: Sighting) -> Alert | None:
    if alert is None or alert.state is Phase.RESOLVED:
        return alert
    if alert.state is Phase.PENDING:
        return _before(alert)
    # The severity stays the one it had: routes must lead the good news where the bad went.
    return replace(_enter(alert, Phase.RESOLVED, sighting), severity=alert.severity)


def _before(pending: Alert) -> Alert | None:
    """A breach that did not last is forgotten: what was resolved before stays resolved, since when it was."""
    life = pending.life[:-1]
    if not life:
        return None
    return replace(pending, state=Phase.RESOLVED, since=life[-1].at, reason=life[-1].reason, life=life)


def _after_unknown(alert: Alert | None, sighting: Sighting) -> Alert:
    if alert is None:
        return _born(Phase.UNKNOWN, sighting)
    if alert.state is Phase.FIRING:
        return replace(alert, blind=sighting.finding.reason)
    if alert.state is Phase.UNKNOWN:
        return _seen(alert, sighting)
    return _enter(alert, Phase.UNKNOWN, sighting)


def _after_breach(alert: Alert | None, sighting: Sighting) -> Alert:
    limit = sighting.finding.limit
    hold = timedelta(seconds=limit.hold_seconds if limit else 0)
    if alert is None or alert.state is Phase.RESOLVED:
        phase = Phase.PENDING if hold > timedelta(0) else Phase.FIRING
        return _born(phase, sighting) if alert is None else _enter(alert, phase, sighting)
    if alert.state is Phase.UNKNOWN or (alert.state is Phase.PENDING and sighting.at - alert.since >= hold):
        return _enter(alert, Phase.FIRING, sighting)
    return _seen(alert, sighting)


def _born(phase: Phase, sighting: Sighting) -> Alert:
    finding = sighting.finding
    return Alert(
        fingerprint(finding.check, finding.subject, sighting.labels),
        finding.check,
        finding.subject,
        dict(sighting.labels),
        phase,
        sighting.at,
        finding.severity,
        finding.reason,
        finding.value,
        finding.limit,
        began=sighting.at,
        evidence_url=sighting.evidence_url,
        correlation_id=sighting.correlation_id,
        life=(Moment(phase, sighting.at, finding.reason),),
    )


def _seen(alert: Alert, sighting: Sighting) -> Alert:
    finding = sighting.finding
    return replace(
        alert,
        severity=finding.severity,
        reason=finding.reason,
        value=finding.value,
        limit=finding.limit,
        blind="",
        evidence_url=sighting.evidence_url,
        correlation_id=sighting.correlation_id,
    )


def _enter(alert: Alert, phase: Phase, sighting: Sighting) -> Alert:
    new_trouble = alert.state is Phase.RESOLVED
    return replace(
        _seen(alert, sighting),
        state=phase,
        since=sighting.at,
        began=sighting.at if new_trouble or alert.began is None else alert.began,
        life=(*alert.life, Moment(phase, sighting.at, sighting.finding.reason))[-LIFE_KEPT:],
    )


def worse(severity: Severity, than: Severity) -> bool:
    """
    Whether a severity went up.

    >>> worse(Severity.HIGH, Severity.LOW), worse(Severity.LOW, Severity.LOW)
    (True, False)
    """
    return _RANK[severity] > _RANK[than]
