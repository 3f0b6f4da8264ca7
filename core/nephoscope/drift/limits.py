"""What a data set's columns are held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nephoscope.findings import Limit, at_least, at_most

# The checks that a column can be given a limit for, each with how its value is told.
CHECKS: dict[str, str] = {
    "ks": "KS distance {} to the baseline",
    "mean_diff": "The mean moved by {} from the baseline's",
    "null_share": "A share of {} of the rows is null or NaN",
}


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """The limits of one data set: column → check → Limit."""

    columns: Mapping[str, Mapping[str, Limit]] = field(default_factory=dict)

    def each(self) -> Iterator[tuple[str, str, Limit]]:
        """Every column, check and Limit."""
        for column, checks in self.columns.items():
            for check, limit in checks.items():
                yield column, check, limit


def limit_for(check: str, number: float) -> Limit:
    """
    The Limit that one number means: distances are good up to it, p-values from it on.

    >>> str(limit_for("ks", 0.1)), str(limit_for("ks_p", 0.05))
    ('at most 0.1', 'at least 0.05')
    """
    return at_least(number) if check.endswith("_p") else at_most(number)
