"""What a metric store answers: a series, or why there is none. An error is no number, and silence is never good."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from nephoscope.monitoring.query import Query, without


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one period, told by the period's start."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one complete answer, in order of time; empty where the store has none."""

    points: tuple[Point, ...] = ()
    period: timedelta | None = None  # where the store could only tell longer periods than were asked for


class Lack(StrEnum):
    """The three kinds of not knowing."""

    NO_DATA = "no_data"  # the store answered, and has nothing
    STALE = "stale"  # what it has is older than what was asked for
    QUERY_FAILED = "query_failed"  # it did not answer the question


class Fault(StrEnum):
    """Why a question was not answered, by whose fault."""

    PERMISSION = "permission"  # ours: credentials, roles, an API that is not enabled
    QUOTA = "quota"  # ours: too many questions
    WRONG_NAME = "wrong_name"  # ours: no metric, table or workspace of this name
    REFUSED = "refused"  # ours: a question that the store does not take
    TIMEOUT = "timeout"  # nobody's: no answer in time
    UNREACHABLE = "unreachable"  # nobody's: no connection
    PARTIAL = "partial"  # theirs: half an answer
    SERVICE = "service"  # theirs: an error, or an answer that is none


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why there is no series."""

    lack: Lack
    reason: str  # a sentence for people
    fault: Fault | None = None  # where the query failed
    nearest: tuple[str, ...] = field(default=())  # existing names like the one that was asked for


Answer: TypeAlias = Series | Unknown
Variants: TypeAlias = tuple[Query, ...] | Unknown


def evidence_of(why: Unknown) -> dict[str, float | str]:
    """
    What a Finding's evidence says of why there is no series.

    >>> evidence_of(failed(Fault.TIMEOUT, "No answer in 30 s."))
    {'why': 'query_failed', 'fault': 'timeout'}
    """
    evidence: dict[str, float | str] = {"why": str(why.lack)}
    evidence |= {"fault": str(why.fault)} if why.fault else {}
    return evidence | ({"nearest": ", ".join(why.nearest)} if why.nearest else {})


def failed(fault: Fault, reason: str) -> Unknown:
    """A question that was not answered."""
    return Unknown(Lack.QUERY_FAILED, reason, fault)


def wrong_name(name: str, existing: Iterable[str]) -> Unknown:
    """
    A question for a name that the store does not list, now or of late.

    >>> wrong_name("Acuracy", ["Accuracy", "Latency"]).reason
    "No metric 'Acuracy' is listed; the nearest is 'Accuracy'."
    """
    nearest = nearest_names(name, existing)
    listed = " or ".join(f"'{other}'" for other in nearest)
    hint = f"the nearest is {listed}" if nearest else "nor is anything like it"
    return Unknown(Lack.QUERY_FAILED, f"No metric '{name}' is listed; {hint}.", Fault.WRONG_NAME, nearest)


def nearest_names(name: str, existing: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """
    The existing names most like one, whatever their case.

    >>> nearest_names("fraud_v2", ["churn", "fraud_detection_v2", "Fraud_V3"])
    ('Fraud_V3', 'fraud_detection_v2')
    """
    spelled = {other.casefold(): other for other in sorted(set(existing), reverse=True)}
    return tuple(spelled[found] for found in difflib.get_close_matches(name.casefold(), spelled, n=most, cutoff=0.5))


def variants_of(asked: Query, label: str, listed: Sequence[Query] | Unknown) -> Variants:
    """
    Those of the listed queries that are this one with one more label.

    >>> from nephoscope.monitoring.query import query
    >>> listed = [query("n", "a", {"m": model, "v": version}) for model, version in ("x2", "x1", "y3")]
    >>> [str(each) for each in variants_of(query("n", "a", {"m": "x"}), "v", listed)]
    ['n/a{m=x, v=1}', 'n/a{m=x, v=2}']
    """
    if isinstance(listed, Unknown):
        return listed
    found = {
        replace(each, statistic=asked.statistic, resource=asked.resource)
        for each in listed
        if label in dict(each.labels) and str(without(each, label)) == str(asked)
    }
    return tuple(sorted(found, key=str))


def in_order(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points by time; of several for one period the last one told stands."""
    return tuple(point for _, point in sorted({point.at: point for point in points}.items()))
