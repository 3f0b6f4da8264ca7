"""Columns as they were read, before they are encoded: numbers or byte strings, each with what is present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nephoscope.features.ragged import Integers, Mask, Ragged, concatenated, ends


@dataclass(frozen=True, slots=True)
class Numbers:
    """Integers, floats, truth values or seconds since 1970; what is absent holds any number."""

    values: NDArray[Any]  # shape (rows,)
    present: Mask

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: Mask | Integers) -> Numbers:
        """The rows under a mask, or at positions."""
        return Numbers(self.values[chosen], self.present[chosen])


@dataclass(frozen=True, slots=True)
class Texts:
    """Text as UTF-8, or bytes."""

    values: Ragged
    present: Mask

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: Mask | Integers) -> Texts:
        """The rows under a mask, or at positions."""
        return Texts(self.values.take(chosen), self.present[chosen])


@dataclass(frozen=True, slots=True)
class Lists:
    """A list in each row: row i is `items[offsets[i]:offsets[i + 1]]`."""

    items: Numbers | Texts
    offsets: Integers  # shape (rows + 1,), ascending from 0
    present: Mask

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, chosen: Mask | Integers) -> Lists:
        """The rows under a mask, or at positions."""
        positions = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        lengths = np.diff(self.offsets)[positions]
        offsets = ends(lengths)
        items = np.repeat(self.offsets[positions] - offsets[:-1], lengths) + np.arange(offsets[-1], dtype=np.int64)
        return Lists(self.items.take(items), offsets, self.present[positions])


Plain: TypeAlias = Numbers | Texts | Lists


def stacked(parts: Sequence[Plain]) -> Plain | None:
    """
    The rows of the first part, then those of the second, and so on; None where the parts are not of one type.

    >>> stacked([Numbers(np.array([1, 2]), np.array([True, True])), Numbers(np.array([3]), np.array([False]))])
    Numbers(values=array([1, 2, 3]), present=array([ True,  True, False]))
    """
    present = np.concatenate([part.present for part in parts])
    numbers = [part for part in parts if isinstance(part, Numbers)]
    if len(numbers) == len(parts) and len({part.values.dtype for part in numbers}) == 1:
        return Numbers(np.concatenate([part.values for part in numbers]), present)
    texts = [part for part in parts if isinstance(part, Texts)]
    if len(texts) == len(parts):
        return Texts(concatenated([part.values for part in texts]), present)
    lists = [part for part in parts if isinstance(part, Lists)]
    items = stacked([part.items for part in lists]) if len(lists) == len(parts) else None
    if items is None or isinstance(items, Lists):
        return None
    return Lists(items, ends(np.concatenate([np.diff(part.offsets) for part in lists])), present)
