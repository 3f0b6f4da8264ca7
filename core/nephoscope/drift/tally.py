"""Counts a column while it streams by: numbers into bins, words into categories."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nephoscope.drift.binning import BATCH, Binning
from nephoscope.drift.profile import Categories, Counts, Floats, Moments, Numbers, finite_or_nan, pooled
from nephoscope.drift.words import KNOWN, PLAIN, digest, kept


class NumberTally:
    """The numbers of one column, counted over given edges."""

    def __init__(self, edges: Floats, *, atoms: bool = False, masses: Counts | None = None) -> None:
        """Begin to count; `masses` are the counts that are expected, shape (k + 1,), for speed alone."""
        self._binning = Binning(edges, masses)
        self._atoms = atoms
        self._counts = np.zeros(len(edges) + 1, dtype=np.int64)
        self._sums = np.zeros(len(edges) + 1)
        self._differences = np.empty(BATCH)
        self._nan = self._plus_inf = self._minus_inf = 0
        self._low, self._high = math.inf, -math.inf
        self._moments: Moments = (0, None, None)

    def add(self, values: Floats) -> None:
        """Count more values, shape (n,), without nulls."""
        # What overflows here ends in the outermost cell, where it belongs, or makes a sum that is told as None.
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for start in range(0, len(values), BATCH):
                self._add(values[start : start + BATCH])

    def _add(self, values: Floats) -> None:
        differences = np.subtract(values, self._binning.pivot, out=self._differences[: len(values)])
        total = float(differences.sum())
        if not math.isfinite(total) and len(finite := self._finite(values)) < len(values):
            if len(finite):
                self._add(finite)
            return
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))
        self._moments = _with_batch(self._moments, differences, total, self._binning.pivot)
        bins = self._binning.bins(values, differences)
        self._counts += np.bincount(bins, minlength=len(self._counts))
        self._sums += np.bincount(bins, weights=values, minlength=len(self._sums))

    def _finite(self, values: Floats) -> Floats:
        self._nan += int(np.count_nonzero(np.isnan(values)))
        self._plus_inf += int(np.count_nonzero(values == np.inf))
        self._minus_inf += int(np.count_nonzero(values == -np.inf))
        finite: Floats = values[np.isfinite(values)]
        return finite

    def result(self) -> Numbers:
        """What was counted."""
        count, mean, squares = self._moments
        return Numbers(
            edges=self._binning.edges,
            counts=self._counts,
            sums=finite_or_nan(self._sums),
            nan=self._nan,
            plus_inf=self._plus_inf,
            minus_inf=self._minus_inf,
            low=self._low if count else None,
            high=self._high if count else None,
            mean=mean,
            squares=squares,
            atoms=self._atoms,
        )


def _with_batch(moments: Moments, differences: Floats, total: float, pivot: float) -> Moments:
    count = len(differences)
    mean = total / count
    # Not numpy.dot, whose threads cost more than they bring here.
    squares = max(float(np.einsum("i,i->", differences, differences)) - count * mean * mean, 0.0)
    batch = (count, _finite(pivot + mean), _finite(squares))
    return (moments[0] + count, *pooled(moments, batch))


def _finite(value: float) -> float | None:
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
        """Whether more than half of the values are distinct: free text, not categories (Evidently's rule)."""
        return 2 * (len(self.counts) + self._pruned) > self._rows

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
