"""A column's two distributions, coarse enough to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nephoscope.drift.pair import NotComputable, Pair
from nephoscope.drift.profile import Floats, Kind
from nephoscope.drift.shares import shares_between

BARS = 40  # of numbers
WORDS = 12  # of categories, the rest is one more
TRIMMED = 0.005  # of the baseline's values on each side are gathered at the picture's ends


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Shares of both sides in the same few cells."""

    baseline: Floats  # shape (k,)
    window: Floats  # shape (k,)
    borders: Floats | None  # of numbers, shape (k + 1,)
    words: tuple[str, ...] = ()  # of categories, k of them


def picture_of(of: Pair) -> Picture | None:
    """Draw numbers as a histogram and categories as bars, the commonest first; None where there is nothing to draw."""
    try:
        return _of_words(of) if of.kind is Kind.CATEGORICAL else _of_numbers(of) if of.kind is Kind.NUMERIC else None
    except NotComputable:
        return None


def _of_numbers(of: Pair) -> Picture:
    before, after = of.numbers
    low, high = (_quantile(of, share) for share in (TRIMMED, 1 - TRIMMED))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    borders = np.linspace(low, high, BARS + 1)
    shares = shares_between(before, after, borders[1:-1])
    return Picture(shares.p, shares.q, borders)


def _quantile(of: Pair, share: float) -> float:
    """A quantile of both sides together, as near as the bins tell it."""
    before, after = of.numbers
    masses = before.counts / before.finite + after.counts / after.finite
    place = int(np.searchsorted(np.cumsum(masses), share * 2))
    return float(before.edges[min(max(place - 1, 0), len(before.edges) - 1)])


def _of_words(of: Pair) -> Picture:
    counts = of.categories
    p, q = counts.baseline / counts.baseline.sum(), counts.window / counts.window.sum()
    order = np.argsort(-(p + q), kind="stable")
    named, rest = order[:WORDS], order[WORDS:]
    words = tuple(counts.words[place] or "others" for place in named)
    if not len(rest):
        return Picture(p[named], q[named], None, words)
    return Picture(
        np.append(p[named], p[rest].sum()), np.append(q[named], q[rest].sum()), None, (*words, f"{len(rest):,} others")
    )
