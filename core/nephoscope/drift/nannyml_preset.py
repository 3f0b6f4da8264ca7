"""
The preset `nannyml`: what NannyML 0.13.1's univariate drift calculator decides, chunk by chunk.

The window is cut into chunks and each is compared with the whole baseline. The limit is the mean of the same distance
over the baseline's own chunks plus three standard deviations, on the upper side only. Numbers are binned by Doane's
rule over the baseline; what falls outside, or is a category that the baseline lacks, shares one more bin. From 10,000
baseline rows on, KS and Wasserstein distances are taken over 10,000 bins of one width, as NannyML does.

Source: nannyml/drift/univariate/methods.py, nannyml/thresholds.py, nannyml/chunk.py, version 0.13.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from nephoscope.drift.binning import BATCH, Binning, quiet
from nephoscope.drift.chi2 import chi2
from nephoscope.drift.choice import Choice, Chunk
from nephoscope.drift.chunks import Cut
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.gamma import gamma_quantile
from nephoscope.drift.gap import gap_of_samples
from nephoscope.drift.js import js_terms
from nephoscope.drift.ks import ks
from nephoscope.drift.pair import NotComputable
from nephoscope.drift.profile import Counts, Floats
from nephoscope.drift.wasserstein import wasserstein
from nephoscope.findings import at_most, judge

BINNED_ROWS = 10_000  # of the baseline, from which on KS and Wasserstein are taken over bins
BINS = 10_000
DEVIATIONS = 3
SIGNIFICANCE = 0.05
GREATEST = {"ks": 1.0}  # limits are drawn below these

# A distance of a chunk, without its missing values and with at least one value, to the baseline it was made for.
Distance = Callable[[Floats], float]


def nannyml_choice(
    baseline: Floats, window: Floats, cuts: tuple[Cut, Cut], *, words: bool, method: str | None, limit: float | None
) -> Choice:
    """
    Judge a column's chunks.

    Args:
        baseline: Values in the table's order, NaN where one is missing; words as the numbers of categories.
        window: The same of the window; categories that the baseline lacks have numbers that it lacks.
        cuts: How the baseline's and the window's rows are cut.
        words: Whether the column holds words.
        method: One of NannyML's for such a column; Jensen-Shannon's distance (base 2) when None.
        limit: Instead of NannyML's.

    Raises:
        NotComputable: The baseline has no value, or an infinite one, or the method is for other columns.
    """
    reference = baseline[~np.isnan(baseline)]
    if not len(reference) or not np.isfinite(reference).all():
        raise NotComputable("The baseline has no value, or an infinite one.")
    name = method or "js"
    known = WORD_METHODS if words else NUMBER_METHODS
    if name not in known:
        kind = "words" if words else "numbers"
        raise NotComputable(f"NannyML has no method '{name}' for {kind}; it has {', '.join(known)}.")
    pieces = cuts[1].known(window)
    if name == "chi2":
        return _chi2_choice(reference, pieces)
    distance = known[name](reference)
    values = [distance(piece) if len(piece) else None for piece in pieces]
    most = _limit(name, distance, cuts[0].known(baseline)) if limit is None else limit
    return _choice(name, values, [most] * len(values))


def _limit(name: str, distance: Distance, pieces: Sequence[Floats]) -> float:
    """Mean plus three standard deviations over the baseline's chunks."""
    values = np.array([distance(piece) for piece in pieces if len(piece)])
    return min(float(values.mean() + DEVIATIONS * values.std()), GREATEST.get(name, math.inf))


def _choice(name: str, values: Sequence[float | None], limits: Sequence[float]) -> Choice:
    """The worst chunk is the one that is furthest beyond its limit."""
    chunks = tuple(
        Chunk(index, value, limit, judge(value, at_most(limit)))
        for index, (value, limit) in enumerate(zip(values, limits, strict=True))
    )
    told = [(value - limit, value, limit) for value, limit in zip(values, limits, strict=True) if value is not None]
    if not told:
        raise NotComputable("No chunk of the window has a value.")
    _, value, limit = max(told)
    return Choice(name, Estimate.exact(value), at_most(limit), chunks)


def _chi2_choice(reference: Floats, pieces: Sequence[Floats]) -> Choice:
    """NannyML judges by the p-value; the limit is the statistic that has the p-value 0.05."""
    found = [_contingency(reference, piece) if len(piece) else (None, 1) for piece in pieces]
    return _choice("chi2", [value for value, _ in found], [_critical(freedom) for _, freedom in found])


def _contingency(reference: Floats, piece: Floats) -> tuple[float, int]:
    a, b = _both(reference, piece)
    if len(a) == 1:
        return 0.0, 1
    # SciPy corrects a table of two by two for continuity, as Yates did.
    return (_yates(a, b) if len(a) == 2 else chi2(a, b)), len(a) - 1


def _yates(a: Counts, b: Counts) -> float:
    both = a + b
    expected = both * (a.sum() / both.sum())
    off = np.abs(a - expected)
    off = off - np.minimum(0.5, off)
    return float((np.square(off) * (1 / expected + 1 / (both - expected))).sum())


def _critical(freedom: int) -> float:
    return 2 * gamma_quantile(freedom / 2, SIGNIFICANCE)


def _shares_distance(of: Callable[[Floats, Floats], float]) -> Callable[[Floats], Distance]:
    """A distance over Doane's bins of the baseline and one more for what falls outside."""

    def fitted(reference: Floats) -> Distance:
        histogram = _Histogram(_doane_edges(reference))
        p = histogram.counts(reference) / len(reference)
        return lambda piece: _with_rest(of, p, histogram.counts(piece) / len(piece))

    return fitted


def _doane_edges(reference: Floats) -> Floats:
    """
    `numpy.histogram_bin_edges(reference, bins="doane")`, whose passes over the whole take most of a comparison's time.

    Source: Doane, The American Statistician 30 (1976) 181-183.
    """
    size, mean, low, high = len(reference), reference.mean(), reference.min(), reference.max()
    squares = cubes = 0.0
    for start in range(0, size, BATCH):
        away = reference[start : start + BATCH] - mean
        square = away * away
        squares += float(square.sum())
        cubes += float((square * away).sum())
    if size < 3 or squares == 0:
        return np.histogram_bin_edges(reference, bins="doane")
    skew = abs(cubes / size) / (squares / size) ** 1.5
    spread = math.sqrt(6.0 * (size - 2) / ((size + 1.0) * (size + 3)))
    bins = math.ceil(1.0 + math.log2(size) + math.log2(1.0 + skew / spread))
    return np.linspace(low, high, bins + 1)


class _Histogram:
    """`numpy.histogram` over given edges, without its sorting: every bin has its lower edge, the last one both."""

    def __init__(self, edges: Floats) -> None:
        self.edges = edges
        self._binning = Binning(edges) if (edges[1:] > edges[:-1]).all() else None

    def counts(self, values: Floats) -> Counts:
        """How many values each bin holds."""
        if self._binning is None:  # a constant baseline's edges are all the same
            return np.histogram(values, bins=self.edges)[0]
        found = np.zeros(len(self.edges) + 1, dtype=np.int64)
        with quiet():
            for start in range(0, len(values), BATCH):
                batch = values[start : start + BATCH]
                away = batch - self._binning.origin
                found += np.bincount(self._binning.bins(batch, away, float(away.max())), minlength=len(found))
        inside = found[1:-1]
        inside[-1] += np.count_nonzero(values == self.edges[-1])
        return inside


def _categories_distance(of: Callable[[Floats, Floats], float]) -> Callable[[Floats], Distance]:
    """A distance over the baseline's categories and one more for those that it lacks."""

    def fitted(reference: Floats) -> Distance:
        counts = np.bincount(reference.astype(np.intp))
        known = counts > 0
        p = counts[known] / len(reference)

        def distance(piece: Floats) -> float:
            held = np.bincount(piece.astype(np.intp), minlength=len(counts))[: len(counts)]
            return _with_rest(of, p, held[known] / len(piece))

        return distance

    return fitted


def _with_rest(of: Callable[[Floats, Floats], float], p: Floats, q: Floats) -> float:
    rest = max(1 - float(q.sum()), 0.0)
    return of(np.append(p, 0.0), np.append(q, rest))


def _js(p: Floats, q: Floats) -> float:
    return math.sqrt(max(float(js_terms(p / p.sum(), q / q.sum()).sum()), 0.0) / math.log(2))


def _hellinger(p: Floats, q: Floats) -> float:
    return math.sqrt(float(np.square(np.sqrt(p) - np.sqrt(q)).sum()) / 2)


def _l_infinity(reference: Floats) -> Distance:
    def distance(piece: Floats) -> float:
        a, b = _both(reference, piece)
        return float(np.abs(a / len(reference) - b / len(piece)).max())

    return distance


def _both(reference: Floats, piece: Floats) -> tuple[Counts, Counts]:
    """How often each category stands on both sides; those that stand on neither are left out."""
    most = int(max(reference.max(), piece.max())) + 1
    a, b = (np.bincount(sample.astype(np.intp), minlength=most) for sample in (reference, piece))
    held = (a + b) > 0
    return a[held], b[held]


def _ks(reference: Floats) -> Distance:
    if len(reference) < BINNED_ROWS:
        return lambda piece: ks(gap_of_samples(reference, piece)).value
    histogram = _Histogram(np.linspace(reference.min(), reference.max(), BINS + 1))
    f = np.cumsum(histogram.counts(reference) / len(reference))

    def distance(piece: Floats) -> float:
        below = np.count_nonzero(piece < histogram.edges[0]) / len(piece)
        return float(np.abs(f - below - np.cumsum(histogram.counts(piece) / len(piece))).max())

    return distance


def _wasserstein(reference: Floats) -> Distance:
    if len(reference) < BINNED_ROWS:
        return lambda piece: wasserstein(gap_of_samples(reference, piece)).value
    edges = np.histogram_bin_edges(reference, bins=BINS)
    histogram = _Histogram(edges)
    f = np.cumsum(histogram.counts(reference) / len(reference))

    def distance(piece: Floats) -> float:
        smaller, bigger = piece[piece < edges[0]], piece[piece > edges[-1]]
        below = (len(smaller) + 1) / len(piece) if len(smaller) else 0.0  # one more, as NannyML counts the edge itself
        g = np.cumsum(histogram.counts(piece) / len(piece)) + below
        within = float(np.abs(f - g).sum() * (edges[1] - edges[0]))
        return within + _tail(edges[0] - smaller, len(piece)) + _tail(bigger - edges[-1], len(piece))

    return distance


def _tail(beyond: Floats, rows: int) -> float:
    """The area under a tail: the mean distance to the edge, counted with the edge itself as NannyML does."""
    return float(beyond.sum()) / rows


NUMBER_METHODS: dict[str, Callable[[Floats], Distance]] = {
    "js": _shares_distance(_js),
    "ks": _ks,
    "wasserstein": _wasserstein,
    "hellinger": _shares_distance(_hellinger),
}
WORD_METHODS: dict[str, Callable[[Floats], Distance]] = {
    "js": _categories_distance(_js),
    "hellinger": _categories_distance(_hellinger),
    "l_infinity": _l_infinity,
    "chi2": _l_infinity,
}
