"""Checks of a table as a whole: how many rows it has, and how old its newest is."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from nephoscope.drift.profile import Kind, Profile
from nephoscope.findings import Finding, Limit, Verdict, at_most, judge, measured, unknown

ROWS, NEWEST, DUPLICATES = "drift.rows", "drift.newest", "drift.duplicates"


class Per(StrEnum):
    """What of a Baseline a window's rows are held against."""

    OBJECT = "object"  # each object is a table
    FOLDER = "folder"  # a folder of parts is a table
    PART = "part"  # likewise, of a Baseline that is one part alone: the rows of a part


def rows_finding(
    baseline: Profile, window: Profile | None, limit: Limit, *, dataset: str, why: str = "", per: Per = Per.OBJECT
) -> Finding:
    """
    Hold the number of rows against the usual one.

    Args:
        baseline: Its rows by the objects it was made of, or by their folders, are the usual number.
        window: None where it could not be read, for the reason `why`.
        limit: Of the window's rows by the usual number.
        dataset: The table's name.
        why: Why there is no window.
        per: What the usual number is that of.
    """
    labels = {"dataset": dataset}
    if window is None:
        return unknown(ROWS, dataset, reason=why, limit=limit, labels=labels)
    places = {source.url.rpartition("/")[0] for source in baseline.sources}
    usual = baseline.rows / max(len(places if per is Per.FOLDER else baseline.sources), 1)
    parts = max(len(window.sources), 1) if per is Per.PART else 1
    ratio = window.rows / parts / usual
    of = f" in each of {parts:,} parts" if per is Per.PART else ""
    reason = f"{window.rows / parts:,.0f} rows{of} are {ratio:.3g} times the usual {usual:,.0f}, {limit} was expected."
    return measured(ROWS, dataset, ratio, limit, reason=reason, labels=labels)


def duplicates_finding(
    baseline: Profile, window: Profile | None, key: tuple[str, ...], *, dataset: str, why: str = ""
) -> Finding:
    """
    Hold the share of rows that repeat a key against the baseline's.

    Of a table in parts only the rows are known that repeat a key of their own part: more than expected are a breach,
    fewer leave it unknown.

    Args:
        baseline: None of its rows counts as repeated where they were not counted by this key.
        window: None where it could not be read, for the reason `why`.
        key: The columns that tell rows apart.
        dataset: The table's name.
        why: Why there is no window.
    """
    labels, told = {"dataset": dataset}, ", ".join(key)
    limit = at_most((baseline.duplicates or 0) / baseline.rows if baseline.key == key else 0.0)
    if window is None or window.duplicates is None or window.key != key:
        reason = why or f"The window's rows were not counted by the key ({told}): it lacks a column of it."
        return unknown(DUPLICATES, dataset, reason=reason, limit=limit, labels=labels)
    share = window.duplicates / window.rows
    seen = f"{window.duplicates:,} of {window.rows:,} rows repeat a key ({told})"
    if (parts := len(window.sources)) > 1:
        seen += f" within each of {parts:,} parts"
        if judge(share, limit) is not Verdict.BREACH:
            reason = f"{seen}: who repeats one of another part was not seen, a share of {limit} was expected."
            evidence = {"why": "NOT_COMPUTABLE"}
            return unknown(DUPLICATES, dataset, reason=reason, limit=limit, labels=labels, evidence=evidence)
    of = f", as within each of the baseline's {parts:,} parts" if (parts := len(baseline.sources)) > 1 else ""
    reason = f"{seen}, a share of {limit} was expected{of}."
    return measured(DUPLICATES, dataset, share, limit, reason=reason, labels=labels)


def newest_finding(
    window: Profile | None, column: str, limit: Limit, *, dataset: str, at: datetime, why: str = ""
) -> Finding:
    """
    Hold the age of a table's newest time against its limit.

    Args:
        window: None where it could not be read, for the reason `why`.
        column: The time column.
        limit: Of the hours from its newest value to `at`.
        dataset: The table's name.
        at: When the table landed, aware.
        why: Why there is no window.
    """
    subject, labels = f"{dataset}/{column}", {"dataset": dataset}
    found = window.column(column) if window else None
    if window is not None and (found is None or found.kind is not Kind.TIME or not found.numbers):
        why = f"The window has no time column '{column}'."
    if found is None or found.numbers is None or found.numbers.high is None or found.kind is not Kind.TIME:
        reason = why or f"'{column}' has no time in {window.rows if window else 0:,} rows."
        return unknown(NEWEST, subject, reason=reason, limit=limit, labels=labels)
    hours = (at.timestamp() - found.numbers.high / 1e6) / 3600
    written = _written(found.numbers.high / 1e6)
    reason = f"The newest '{column}' is {written}, {hours:.3g} hours old, {limit} was expected."
    return measured(NEWEST, subject, hours, limit, reason=reason, labels=labels)


def _written(seconds: float) -> str:
    """A time for people; one beyond the years 1 to 9999 as it is."""
    if not -62_135_596_800 <= seconds < 253_402_300_800:
        return f"{seconds:.4g} s from 1970"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
