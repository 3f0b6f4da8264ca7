"""
N of the last M periods: a breach that lasts, told from a single bad period.

A period without data could have been either, so the verdict is what holds whatever the missing periods were:

    breaches ≥ N                 breach
    breaches + missing < N       ok
    else                         unknown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.findings import Verdict


@dataclass(frozen=True, slots=True)
class Patience:
    """How many of the last periods must breach."""

    breaches: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.breaches <= self.of:
            raise ValueError(f"{self.breaches} of {self.of} periods can never breach; write 1 ≤ breaches ≤ of")


ONCE = Patience()


def n_of_m(periods: Sequence[Verdict], needed: int) -> Verdict:
    """
    Judge the last periods together.

    Args:
        periods: The verdict of each of the M periods; unknown where there is no value.
        needed: N.

    >>> ok, breach, missing = Verdict.OK, Verdict.BREACH, Verdict.UNKNOWN
    >>> [str(n_of_m(p, 2)) for p in ([breach, ok, breach], [ok, missing, ok], [breach, missing, ok])]
    ['breach', 'ok', 'unknown']
    """
    breaches = sum(verdict is Verdict.BREACH for verdict in periods)
    missing = sum(verdict is Verdict.UNKNOWN for verdict in periods)
    if breaches >= needed:
        return Verdict.BREACH
    return Verdict.OK if breaches + missing < needed else Verdict.UNKNOWN
