"""
Where an export lies: its own folders, then one for each billing period, then one for each run.

AWS writes `PREFIX/NAME/metadata/BILLING_PERIOD=2026-05/[RUN/]NAME-Manifest.json`, in older reports
`PREFIX/NAME/20260501-20260601/[RUN/]NAME-Manifest.json`; Azure writes
`FOLDER/NAME/20260501-20260531/[TIME/]RUN/manifest.json`. What stands before the period tells exports apart, whatever it
looks like: an account's number or a subscription's id may well be a folder of its own.
"""

from __future__ import annotations

import re

from nephoscope.cost.month import Month

_PERIOD = re.compile(r"BILLING_PERIOD=(?P<month>\d{4}-\d{2}).*|(?P<first>\d{8})-(?P<last>\d{8})", re.IGNORECASE)
_MONTH = re.compile(r"(20\d{2})-?(0[1-9]|1[0-2])")


def month(text: str) -> str:
    """
    The month that a text begins with, as exports write it; "" where it begins with none.

    >>> [month(text) for text in ("2026-05", "20260501T000000.000Z", "9999-12", "")]
    ['2026-05', '2026-05', '', '']
    """
    found = _MONTH.match(text)
    return f"{found[1]}-{found[2]}" if found else ""


def month_of(manifest: str) -> str:
    """
    The month whose folder a manifest lies in; "" where it lies in none, or in one of several months.

    >>> month_of("exp/metadata/BILLING_PERIOD=2026-05/exp-Manifest.json"), month_of("exp/manifest.json")
    ('2026-05', '')
    >>> [month_of(f"exp/{period}/manifest.json") for period in ("20260501-20260601", "20260501-20260630")]
    ['2026-05', '']
    """
    _, period = _divided(manifest)
    if period is None or period["month"]:
        return month(period["month"]) if period else ""
    first, last = month(period["first"]), period["last"]
    return first if first and (month(last) == first or last == f"{Month.of(first).end:%Y%m%d}") else ""


def folder_of(manifest: str) -> str:
    """
    The folder of an export, which its periods and runs have in common; without a period that of the manifest.

    >>> folder_of("exports/focus/20260501-20260531/202605030612/5f0c7a1e-1111-2222-3333-444455556666/manifest.json")
    'exports/focus'
    >>> folder_of("111111111111/exp/metadata/BILLING_PERIOD=2026-05/exp-Manifest.json")
    '111111111111/exp/metadata'
    """
    own, _ = _divided(manifest)
    return "/".join(own)


def _divided(manifest: str) -> tuple[list[str], re.Match[str] | None]:
    """The folders before the last period, and that period."""
    folders = manifest.split("/")[:-1]
    for place in reversed(range(len(folders))):
        if period := _PERIOD.fullmatch(folders[place]):
            return folders[:place], period
    return folders, None
