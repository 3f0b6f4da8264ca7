"""A security event was recorded, or an audit log saw a call on what is watched: tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from nephoscope.decoders import decoder
from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived, stable_id
from nephoscope.findings import Finding
from nephoscope.monitoring.access import Access, Watched, judge_access
from nephoscope.monitoring.security_event import SecurityEvent, finding
from nephoscope.outbox import Outbox
from nephoscope.report import Report

JOB = "security"

T = TypeVar("T", SecurityEvent, Access)


def record(event: MessageReceived, *, outbox: Outbox) -> Report:
    """
    Tell a security event that somebody recorded; its body is a SecurityEvent as JSON.

    Raises:
        BadPayload: It is none.
        Transient: The ledger or the topic does not answer.
    """
    told = finding(_read(event, SecurityEvent))
    return _publish(event, f"event {told.subject}", [told], outbox)


def run(event: MessageReceived, *, watched: Iterable[Watched], outbox: Outbox) -> Report:
    """
    Judge a call that an audit log saw; its body is an Access as JSON.

    Raises:
        BadPayload: It is none.
        Transient: The ledger or the topic does not answer; the Event is delivered again.
    """
    access = _read(event, Access)
    findings = judge_access(access, watched, cloud=outbox.cloud)
    return _publish(event, _stream(findings), findings, outbox)


def _stream(findings: Sequence[Finding]) -> str:
    """Each kind of call on a place is a stream of its own: what one actor does resolves nothing of another's."""
    if not findings:
        return "access to what is not watched"
    return f"access {stable_id(*(each.subject for each in findings))}"


def _publish(event: MessageReceived, scope: str, findings: Iterable[Finding], outbox: Outbox) -> Report:
    known = outbox.told(event, JOB)
    return known or outbox.publish(event, JOB, scope, tuple(findings))


def _read(event: MessageReceived, kind: type[T]) -> T:
    try:
        return decoder(kind).decode(event.body)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadPayload(f"'{event.id}' is no {kind.__name__}: {error}.", do="correct the trigger") from error
