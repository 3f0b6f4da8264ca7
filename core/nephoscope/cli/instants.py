"""Times as people write them on the command line."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime


def instant(text: str) -> datetime:
    """
    Read a time; one without a zone is in UTC.

    Raises:
        ArgumentTypeError: It is none.

    >>> instant("2026-11-24T07:30:00+01:00").isoformat(), instant("2026-11-24T06:30").isoformat()
    ('2026-11-24T06:30:00+00:00', '2026-11-24T06:30:00+00:00')
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no ISO 8601 time, such as 2026-11-24T06:00:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
