"""
Every Finding of one run, and how it travels: as structured CloudEvents 1.0 in JSON.

The wire form is written and read here, from the specification's own sentences; the library `cloudevents` is the oracle
in the tests. A Report of more than 60 KiB travels in parts of whole Findings and readings, as the specification says:
"Intermediaries MUST forward events of a size of 64 KByte or less."
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from nephoscope.decoders import decoder
from nephoscope.errors import BadPayload, Transient
from nephoscope.findings import Finding, Verdict, unknown, worst

EVENT_TYPE = "dev.nephoscope.report.v1"
CONTENT_TYPE = "application/cloudevents+json"
PART_BYTES = 60 * 1024
CLIPPED = 2_000  # letters of a reason that does not fit
READINGS = "report.readings"  # the check of readings that fit into no message


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was asked answered: "2 of 3 sources answered"."""

    asked: int
    answered: int
    missing: tuple[str, ...] = ()  # the names of those that did not

    def __str__(self) -> str:
        missing = f" (missing: {', '.join(self.missing)})" if self.missing else ""
        return f"{self.answered} of {self.asked} sources answered{missing}"


@dataclass(frozen=True, slots=True)
class Part:
    """Which piece of a Report this is, counted from 1."""

    number: int = 1
    of: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """Every Finding of one run, ok ones too, so that an Alert can resolve; or one part of it, as it travels."""

    id: str  # the run's id: a hash of the Event's id and the job
    job: str
    cloud: str  # where the job ran; of monitoring by hand beside a hub in a cloud, the one that was asked
    scope: str  # the data set, model or bill it speaks of; (job, cloud, scope) is a stream
    at: datetime  # UTC time of the source Event
    event_id: str
    correlation_id: str
    findings: tuple[Finding, ...]
    coverage: Coverage = Coverage(1, 1)
    readings: Mapping[str, Any] = field(default_factory=dict)  # what `rollup` needs
    interval_seconds: float | None = None  # in what interval the next ones are due, where a schedule says so
    settings_hash: str = ""
    evidence_url: str = ""  # for people: the ledger's record
    part: Part = Part()

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError(f"a Report's time needs a zone: {self.at}")

    @property
    def seq(self) -> tuple[datetime, str]:
        """What orders the Reports of one stream."""
        return (self.at.astimezone(UTC), self.event_id)

    @property
    def verdict(self) -> Verdict:
        """Breach before unknown before ok."""
        return worst(self.verdicts)

    @property
    def verdicts(self) -> list[Verdict]:
        """Every Finding's, and unknown where a source did not answer, whatever was found without it."""
        silent = self.coverage.answered < self.coverage.asked
        return [*(finding.verdict for finding in self.findings), *([Verdict.UNKNOWN] if silent else [])]


def to_cloudevents(report: Report, *, part_bytes: int = PART_BYTES) -> list[bytes]:
    """
    Write a Report as one CloudEvent or, where it is too large, as several of whole Findings and readings.

    Args:
        report: A whole Report (part 1 of 1).
        part_bytes: The greatest size of one CloudEvent.

    Returns:
        JSON documents in order. Each has its own id, `<run id>/<part>`, so that "source + id is unique".

        A Finding that is larger than a part travels without its evidence and with the beginning of its reason.

    Raises:
        ValueError: One Finding is larger than a part even so.
    """
    whole = _encode(report)
    if len(whole) <= part_bytes:
        return [whole]
    parts = _split(report, part_bytes)
    return [_encode(replace(part, part=Part(number, len(parts)))) for number, part in enumerate(parts, 1)]


def _split(report: Report, part_bytes: int) -> list[Report]:
    room = part_bytes - len(_encode(replace(report, findings=(), readings={}, part=Part(9_999, 9_999))))
    report = _without_what_is_larger(report, room)
    pieces: list[Finding | dict[str, Any]] = [{key: value} for key, value in report.readings.items()]
    pieces += [_fitting(finding, room) for finding in report.findings]
    parts: list[list[Finding | dict[str, Any]]] = [[]]
    used = 0
    for piece in pieces:
        size = _size(piece)
        if used + size > room:
            parts.append([])
            used = 0
        parts[-1].append(piece)
        used += size
    return [
        replace(
            report,
            findings=tuple(piece for piece in part if isinstance(piece, Finding)),
            readings={key: value for piece in part if isinstance(piece, dict) for key, value in piece.items()},
        )
        for part in parts
    ]


def _without_what_is_larger(report: Report, room: int) -> Report:
    """Without any readings where one of them fits into no part: half of them would be counted as the whole."""
    larger = [key for key, value in report.readings.items() if _size({key: value}) > room]
    if not larger:
        return report
    said = f"The reading '{larger[0][:CLIPPED]}' is larger than a message: what rests on the readings is unknown."
    return replace(report, readings={}, findings=(*report.findings, unknown(READINGS, report.scope, reason=said)))


def _fitting(finding: Finding, room: int) -> Finding:
    if (size := _size(finding)) > room:
        finding = replace(finding, reason=f"{finding.reason[:CLIPPED]}…", evidence={"left_out": f"{size} bytes"})
    if (size := _size(finding)) > room:
        raise ValueError(f"{finding.check} of {finding.subject} takes {size} bytes, a part has room for {room}")
    return finding


def _size(piece: Finding | dict[str, Any]) -> int:
    return len(msgspec.json.encode(piece)) + 1


class _Envelope(msgspec.Struct, kw_only=True):
    """
    The attributes of CloudEvents 1.0 that are written and required here.

    "REQUIRED: id, source, specversion, type"; extension names are lower-case alphanumerics.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    correlationid: str
    data: Any


def _encode(report: Report) -> bytes:
    return msgspec.json.encode(
        _Envelope(
            specversion="1.0",
            id=f"{report.id}/{report.part.number}",
            source=f"/nephoscope/{report.cloud}/{report.job}",
            type=EVENT_TYPE,
            subject=report.scope,
            time=report.at.astimezone(UTC),
            datacontenttype="application/json",
            correlationid=report.correlation_id,
            data=report,
        )
    )


_MAJOR = re.compile(r"dev\.nephoscope\.report\.v(\d+)")


def from_cloudevent(body: bytes) -> Report:
    """
    Read one CloudEvent back into a Report or a part of one.

    Raises:
        BadPayload: It is no JSON, no CloudEvent 1.0, or no Report.
        Transient: It is a Report of a later version: it waits for a hub that knows it.
    """
    try:
        envelope = decoder(_Envelope).decode(body)
        if envelope.specversion != "1.0":
            raise BadPayload(
                f"A CloudEvent says specversion {envelope.specversion!r}, this code reads '1.0'.", do="send version 1.0"
            )
        if envelope.type != EVENT_TYPE:
            what = f"A CloudEvent has the type {envelope.type!r}, a Report has {EVENT_TYPE!r}."
            if _MAJOR.fullmatch(envelope.type):
                raise Transient(what, do="deploy the newer hub; what came meanwhile is delivered again")
            raise BadPayload(what, do="publish only Reports to this topic")
        decoder(Report)  # describes it, whatever the number of threads
        return msgspec.convert(envelope.data, Report)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadPayload(
            f"A message of {len(body)} bytes is no Report: {error}.", do="publish only Reports to this topic"
        ) from error


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """
    How many Findings have each verdict.

    >>> counts([])
    {'ok': 0, 'breach': 0, 'unknown': 0}
    """
    return {str(verdict): sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
