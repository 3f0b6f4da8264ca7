"""A security event that somebody records: a Finding like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nephoscope.events import stable_id
from nephoscope.findings import Finding, Severity, Verdict

CHECK = "security.event"
LONGEST = 200  # letters of a subject


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """What happened, in the words of whoever records it."""

    type: str  # "unauthorized_access"
    details: Mapping[str, str] = field(default_factory=dict)
    resolved: bool = False  # somebody looked into it


def severity(kind: str) -> Severity:
    """
    How urgent an event is, by its type.

    >>> str(severity("Unauthorized_Access")), str(severity("key_rotated"))
    ('high', 'medium')
    """
    return Severity.HIGH if "unauthorized" in kind.lower() else Severity.MEDIUM


def subject(event: SecurityEvent) -> str:
    """
    What an event speaks of: its type and its details, in whatever order; one that is long by its beginning and a hash.

    >>> subject(SecurityEvent("unauthorized_access", {"user": "mallory", "bucket": "models"}))
    'unauthorized_access: bucket=models, user=mallory'
    """
    told = ", ".join(f"{name}={value}" for name, value in sorted(event.details.items()))
    whole = f"{event.type}: {told}" if told else event.type
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}… ({stable_id(event.type, told)[:8]})"


def finding(event: SecurityEvent) -> Finding:
    """The Finding of an event: a breach until it is recorded as resolved, with the same details."""
    told = ", ".join(f"{name}={value}" for name, value in event.details.items())
    return Finding(
        CHECK,
        subject(event),
        Verdict.OK if event.resolved else Verdict.BREACH,
        f"Security event '{event.type}'{' was resolved' if event.resolved else ''}{f': {told}' if told else ''}.",
        severity=severity(event.type),
        evidence=dict(event.details),
    )
