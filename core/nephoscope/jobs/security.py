"""A security event was recorded, or an audit log saw a call on what is watched: tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

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
    told = _read(event, SecurityEvent)
    return _publish(event, f"event {told.type}", [finding(told)], outbox)


def run(event: MessageReceived, *, watched: Iterable[Watched], outbox: Outbox) -> Report:
    """
    Judge a call that an audit log saw; its body is an Access as JSON.

    Raises:
        BadPayload: It is none.
        Transient: The ledger or the topic does not answer; the Event is delivered again.
    """
    access = _read(event, Access)
    findings = judge_access(access, watched, cloud=outbox.cloud)
    # Each kind of call is a stream of its own: what one actor does resolves nothing of another's.
    return _publish(event, f"access {stable_id(access.action, access.actor, access.resource)}", findings, outbox)


def _publish(event: MessageReceived, scope: str, findings: Iterable[Finding], outbox: Outbox) -> Report:
    known = outbox.told(event, JOB)
    return known or outbox.publish(event, JOB, scope, tuple(findings))


def _read(event: MessageReceived, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(event.body, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadPayload(f"'{event.id}' is no {kind.__name__}: {error}.", do="correct the trigger") from error
