"""Counts a column while it streams by: numbers into bins, words into categories."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nephoscope.drift.binning import BATCH, Binning, quiet
from nephoscope.drift.profile import Categories, Counts, Floats, Moments, Numbers, finite_or_nan, pooled
from nephoscope.drift.words import KNOWN, PLAIN, digest, kept

TRUTH = {"true", "false"}  # a boolean's words: categories, however few rows have one
CANCELS = 1e-6  # of the squares around 0: where the squares around the mean are fewer they are summed anew


class NumberTally:
    """The numbers of one column, counted over given edges."""

    def __init__(self, edges: Floats, *, atoms: bool = False, masses: Counts | None = None) -> None:
        """Begin to count; `masses` are the counts that are expected, shape (k + 1,), for speed alone."""
        self._binning = Binning(edges, masses)
        self._atoms = atoms
        self._counts = np.zeros(len(edges) + 1, dtype=np.int64)
        self._sums = np.zeros(len(edges) + 1)  # of the differences to the binning's origin
        self._differences = np.empty(BATCH)
        self._nan = self._plus_inf = self._minus_inf = 0
        self._low, self._high = math.inf, -math.inf
        self._moments: Moments = (0, None, None)  # of the differences to the binning's origin

    def add(self, values: Floats) -> None:
        """Count more values, shape (n,), without nulls."""
        with quiet():
            for start in range(0, len(values), BATCH):
                self._add(values[start : start + BATCH])

    def _add(self, values: Floats) -> None:
        low, high = float(np.minimum.reduce(values)), float(np.maximum.reduce(values))  # NaN where one of them is
        if not math.isfinite(high - low) and len(finite := self._finite(values)) < len(values):
            if len(finite):
                self._add(finite)
            return
        self._low, self._high = min(self._low, low), max(self._high, high)
        origin = self._binning.origin
        differences = np.subtract(values, origin, out=self._differences[: len(values)])
        bins = self._binning.bins(values, differences, high - origin)
        self._counts += np.bincount(bins, minlength=len(self._counts))
        self._sums += np.bincount(bins, weights=differences, minlength=len(self._sums))
        some = _moments(differences)
        self._moments = self._moments[0] + some[0], *pooled(self._moments, some)

    def _finite(self, values: Floats) -> Floats:
        self._nan += int(np.count_nonzero(np.isnan(values)))
        self._plus_inf += int(np.count_nonzero(values == np.inf))
        self._minus_inf += int(np.count_nonzero(values == -np.inf))
        finite: Floats = values[np.isfinite(values)]
        return finite

    def result(self) -> Numbers:
        """What was counted."""
        _, mean, squares = self._moments
        with quiet():
            origins = np.multiply(self._counts, self._binning.origin, dtype=np.float64)
            sums = finite_or_nan(self._sums, origins)
        return Numbers(
            edges=self._binning.edges,
            counts=self._counts,
            sums=sums,
            nan=self._nan,
            plus_inf=self._plus_inf,
            minus_inf=self._minus_inf,
            low=self._low if math.isfinite(self._low) else None,
            high=self._high if math.isfinite(self._high) else None,
            mean=None if mean is None else if_finite(self._binning.origin + mean),
            squares=squares,
            atoms=self._atoms,
        )


def _moments(values: Floats) -> Moments:
    """The count, mean and sum of squared deviations of a batch; None where a sum overflows."""
    count, mean = len(values), float(np.add.reduce(values)) / len(values)
    around_0 = mean * mean * count
    squares = _squares(values) - around_0
    if not squares > CANCELS * around_0:  # what is left has lost its digits
        away = values - mean
        away_mean = float(np.add.reduce(away)) / count  # by which the mean was rounded
        mean, squares = mean + away_mean, _squares(away) - away_mean * away_mean * count
    return count, if_finite(mean), if_finite(max(squares, 0.0))


def _squares(values: Floats) -> float:
    """The sum of squares, in halves: beyond 10,000 values numpy.dot takes threads, which cost more than they bring."""
    return sum(float(np.dot(half, half)) for half in (values[: BATCH // 2], values[BATCH // 2 :]))


def if_finite(value: float) -> float | None:
    """A number; None where it overflowed."""
    return value if math.isfinite(value) else None


class WordTally:
    """The words of one column, counted by the categories of a Baseline."""

    def __init__(self, known: Iterable[str], *, salt: str | None = None) -> None:
        self._known = dict.fromkeys(known, 0)
        self._unseen: dict[str, int] = {}
        self._unseen_rows = 0
        self._salt = salt

    def add(self, words: Sequence[str], counts: Sequence[int]) -> None:
        """Count `words`, each as often as `counts` says."""
        for word, count in zip(words, counts, strict=True):
            key = word if self._salt is None else digest(word, self._salt)
            if key in self._known:
                self._known[key] += count
            elif count:
                self._unseen[key] = self._unseen.get(key, 0) + count
                self._unseen_rows += count
        if len(self._unseen) > 4 * KNOWN:
            self._unseen = self._kept()

    def _kept(self) -> dict[str, int]:
        return {word: self._unseen[word] for word in kept(self._unseen, hashed=self._salt is not None)}

    def result(self) -> Categories:
        """What was counted."""
        return Categories(known=self._known, unseen=self._kept(), unseen_rows=self._unseen_rows, salt=self._salt)


class Vocabulary:
    """The words of a Baseline's column: which there are, before its categories are chosen."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._rows = 0
        self._pruned = 0  # words that were dropped, some of them more than once

    def add(self, words: Sequence[str], counts: Sequence[int]) -> None:
        """Take note of `words`, each as often as `counts` says."""
        for word, count in zip(words, counts, strict=True):
            if count:
                self.counts[word] = self.counts.get(word, 0) + count
                self._rows += count
        if len(self.counts) > 20 * KNOWN:
            commonest = most_common(self.counts, 10 * KNOWN)
            self._pruned += len(self.counts) - len(commonest)
            self.counts = {word: self.counts[word] for word in commonest}

    @property
    def complete(self) -> bool:
        """Whether every word is still there, so that no second pass is needed."""
        return not self._pruned

    @property
    def is_text(self) -> bool:
        """Whether more than half of the values are distinct: free text, but for booleans (Evidently's rule)."""
        return not self.counts.keys() <= TRUTH and 2 * (len(self.counts) + self._pruned) > self._rows

    def tally(self, *, salt: str) -> WordTally:
        """An empty tally over the commonest words, under hashes where there are more than a few."""
        known = most_common(self.counts, KNOWN)
        if len(self.counts) <= PLAIN:
            return WordTally(known)
        return WordTally((digest(word, salt) for word in known), salt=salt)

    def counted(self, *, salt: str) -> WordTally:
        """A tally that has counted what is noted here."""
        tally = self.tally(salt=salt)
        tally.add(list(self.counts), list(self.counts.values()))
        return tally


def most_common(counts: Mapping[str, int], most: int) -> list[str]:
    """
    The commonest words; of equally common ones the first in the alphabet.

    >>> most_common({"b": 1, "a": 1, "c": 5}, 2)
    ['c', 'a']
    """
    return [word for _, word in sorted((-count, word) for word, count in counts.items())[:most]]
