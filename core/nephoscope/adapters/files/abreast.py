"""Columns side by side: reading and counting leave the interpreter's lock, so that two threads keep two cores busy."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MOST_THREADS = 4  # each holds a column

One = TypeVar("One")
Made = TypeVar("Made")


def threads_of_this_machine() -> int:
    """How many columns are worth reading at once here."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST_THREADS)


def abreast(make: Callable[[One], Made], ones: Iterable[One], threads: int) -> Iterator[Made]:
    """
    What is made of each one, in their order, by so many threads; no more than `threads` are made ahead.

    >>> list(abreast(abs, [-1, 2, -3], 2))
    [1, 2, 3]
    """
    if threads == 1:
        yield from map(make, ones)
        return
    ahead: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for one in ones:
                ahead.append(pool.submit(make, one))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for waiting in ahead:
                waiting.cancel()
