"""Rows are counted in and out: a sync whose counts do not meet has lost something, and its watermark stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.features.plan import Step
from nephoscope.features.rows import Written
from nephoscope.findings import Finding, Verdict, at_most, measured, unknown

CHECK = "features.sync"


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of a window, each in exactly one class."""

    read: int
    unusable: int  # without a join key or an event time: Feast would refuse the whole table
    superseded: int  # an entity has a newer row in the same window
    outside: int = 0  # not of the window, and in no other class; 0 where the source does not tell

    @property
    def due(self) -> int:
        """What a store has to be given."""
        return self.read - self.unusable - self.superseded


def synced(step: Step, counted: Counted, written: Written, *, foreign: Sequence[str] = ()) -> Finding:
    """
    Judge one sync by its counts.

    Args:
        step: What was to be synced.
        counted: The rows of its window.
        written: What the store took.
        foreign: Columns that went through Feast, because only it can encode their types.

    Returns:
        ok where every row is accounted for; a breach where rows had no key, which is the value; unknown where the
        store took another number of rows than the window held.
    """
    evidence: dict[str, float | str] = {
        "read": counted.read,
        "written": written.written,
        "older": written.older,
        "superseded": counted.superseded,
        "unusable": counted.unusable,
    }
    labels = {"cloud": step.cloud}
    told = (
        f"{counted.read} rows in: {written.written} written, {counted.superseded} with a newer row of the same entity,"
        f" {written.older} older than what is stored"
    )
    if step.whole and counted.outside:
        evidence["outside"] = counted.outside
        told += f"; {counted.outside} left out: older than the view's TTL, or a year without one, or later than now"
    if foreign:
        evidence["through_feast"] = ", ".join(foreign)
        told += f"; through Feast because of {', '.join(foreign)}"
    if written.written + written.older != counted.due:
        lost = counted.due - written.written - written.older
        return unknown(CHECK, step.view, reason=f"{told}: {lost} not accounted for", labels=labels, evidence=evidence)
    if counted.unusable:
        told += f", {counted.unusable} without a key or an event time"
    return measured(
        CHECK, step.view, float(counted.unusable), at_most(0.0), reason=told, labels=labels, evidence=evidence
    )


def idle(step: Step) -> Finding:
    """Nothing had to be synced."""
    return Finding(CHECK, step.view, Verdict.OK, step.reason, labels={"cloud": step.cloud})


def failed(step: Step, why: str) -> Finding:
    """A sync that could not be made, so that nobody knows what the store holds."""
    return unknown(CHECK, step.view, reason=why, labels={"cloud": step.cloud})


def accounted(counted: Counted, written: Written) -> bool:
    """Whether every row that was due came out."""
    return written.written + written.older == counted.due
