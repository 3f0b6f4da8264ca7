"""Two ways to keep more than one core busy: columns side by side, and reading ahead of who counts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MOST_THREADS = 4  # each holds a column
AHEAD = 8  # pieces of a column, half a megabyte each
_END = object()

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


def ahead(ones: Iterator[One], most: int = AHEAD) -> Iterator[One]:
    """
    The same, made by a thread of its own that is so many ahead; what it raises is raised here.

    Decoding leaves the interpreter's lock and counting mostly holds it: two threads that do both wait for one another.

    >>> list(ahead(iter([1, 2, 3])))
    [1, 2, 3]
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, ones, _END) for _ in range(most))
        try:
            while (one := waiting.popleft().result()) is not _END:
                waiting.append(pool.submit(next, ones, _END))
                yield one  # type: ignore[misc]
        finally:
            for unmade in waiting:
                unmade.cancel()
