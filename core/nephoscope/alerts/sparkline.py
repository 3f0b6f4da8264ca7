"""A row of bars for where only text can be shown."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """
    Eight heights between the least and the greatest value; what is not finite stands as high as it can.

    >>> sparkline([0.02, 0.04, 0.04, 0.1, 0.137]), sparkline([1.0, 1.0]), sparkline([-1.7e308, 0.0, 1.7e308])
    ('▁▂▂▆█', '▁▁', '▁▅█')
    """
    finite = [value for value in values if abs(value) != float("inf")]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    span = (high / 2 - low / 2) or 1.0  # of halves: the whole may be more than a number can say
    shares = ((min(max(value, low), high) / 2 - low / 2) / span for value in values)
    return "".join(BARS[min(len(BARS) - 1, int(share * len(BARS)))] for share in shares)
