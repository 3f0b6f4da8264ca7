"""Lengths of time as people write them: "30s", "5m", "1h30m", "1d"."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from msgspec import Meta

_PATTERN = r"^(?=[0-9])([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")

_LONGEST = timedelta(days=3653)  # a time plus or minus a few of them is still a date

Duration: TypeAlias = Annotated[
    str,
    Meta(
        pattern=_PATTERN,
        title="a duration such as 30s, 5m, 1h30m or 1d, at most ten years",
        extra_json_schema={"format": "nephoscope-duration"},
    ),
]


def duration(text: str) -> timedelta:
    """
    Read a duration; the units w, d, h, m and s come in this order.

    Raises:
        ValueError: It is no duration, or longer than ten years.

    >>> duration("1h30m"), duration("0s")
    (datetime.timedelta(seconds=5400), datetime.timedelta(0))
    """
    found = re.match(_PATTERN, text)
    if found is None:
        raise ValueError(f"'{text}' is no duration such as 30s, 5m, 1h30m or 1d")
    length = timedelta(**{unit: int(part[:-1]) for unit, part in zip(_UNITS, found.groups(), strict=True) if part})
    if length > _LONGEST:
        raise ValueError(f"'{text}' is longer than ten years")
    return length


def whole_minutes(text: str) -> bool:
    """
    Whether a duration is some number of minutes.

    Raises:
        ValueError: It is no duration, or longer than ten years.

    >>> whole_minutes("1h"), whole_minutes("90s"), whole_minutes("0s")
    (True, False, False)
    """
    length = duration(text)
    return length > timedelta(0) and length % timedelta(minutes=1) == timedelta(0)
