"""Times as people write them on the command line."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

FIRST_YEAR, LAST_YEAR = 1970, 2261  # whose nanoseconds 64 bits can count


def near(at: datetime) -> bool:
    """
    Whether a time is one to reckon with: months and zones can be added to it and taken from it.

    >>> near(datetime(2026, 5, 1, tzinfo=UTC)), near(datetime.min)
    (True, False)
    """
    return FIRST_YEAR <= at.year <= LAST_YEAR


def instant(text: str) -> datetime:
    """
    Read a time; one without a zone is in UTC.

    Raises:
        ArgumentTypeError: It is none, or too far away to be reckoned with.

    >>> instant("2026-11-24T07:30:00+01:00").isoformat(), instant("2026-11-24T06:30").isoformat()
    ('2026-11-24T06:30:00+00:00', '2026-11-24T06:30:00+00:00')
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no ISO 8601 time, such as 2026-11-24T06:00:00Z") from None
    if not near(at):
        raise argparse.ArgumentTypeError(f"'{text}' is not between {FIRST_YEAR} and {LAST_YEAR}")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
