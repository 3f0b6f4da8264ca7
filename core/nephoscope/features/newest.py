"""Newest wins: of the rows of one entity, the one with the latest event time, then creation time, then the last one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nephoscope.features.ragged import Integers, Mask


def newest(keys: Sequence[Integers], event_times: Integers, created_times: Integers | None = None) -> Mask:
    """
    Choose one row for each distinct key.

    Args:
        keys: Integers that tell entities apart, one array for each join key, shape (rows,).
        event_times: In any one unit, shape (rows,).
        created_times: Tells rows of one event time apart, where the source has it.

    Returns:
        A mask with exactly one row for each key.

    >>> newest([np.array([1, 1, 2])], np.array([5, 4, 9])).tolist()
    [True, False, True]

    Source: the rule of Feast's offline stores, "drop_duplicates(join_keys, keep='last')" after sorting by both times.
    """
    count = len(event_times)
    if count == 0:
        return np.zeros(0, dtype=np.bool_)
    created = [] if created_times is None else [created_times]
    order = np.lexsort([*created, event_times, *keys])  # stable: of equal rows the last one comes last
    last = np.zeros(count, dtype=np.bool_)
    last[-1] = True
    for key in keys:
        ordered = key[order]
        last[:-1] |= ordered[:-1] != ordered[1:]
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[order[last]] = True
    return chosen
