"""
Processes beside this one, which make some of what is asked for.

Half of counting holds the interpreter's lock: threads that count wait for one another, processes do not. The others are
forks, which have imported and opened everything already.
"""

from __future__ import annotations

import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from multiprocessing.connection import Connection
from operator import itemgetter
from typing import Any, TypeVar

from nephoscope.adapters.files.abreast import abreast

POSSIBLE = sys.platform == "linux"  # elsewhere the libraries that are loaded do not stand it

One = TypeVar("One")
Made = TypeVar("Made")


def shared(make: Callable[[One], Made], ones: Iterable[One], workers: int) -> Iterator[Made]:
    """
    What is made of each one, in their order: this process takes them from the front, the other workers from the end.

    What another cannot make, or dies of, is made here in its turn, so that its error is raised where it belongs.

    >>> list(shared(abs, [-1, 2, -3], 2))
    [1, 2, 3]
    """
    left = deque(enumerate(ones))
    workers = min(workers, len(left))
    if workers < 2 or not POSSIBLE:
        yield from abreast(make, (one for _, one in left), max(workers, 1))
        return
    with ExitStack() as stack:
        others = [stack.enter_context(_another(make)) for _ in range(workers - 1)]
        asking = stack.enter_context(ThreadPoolExecutor(len(others)))  # after the forks, which copy no thread
        theirs = [asking.submit(_asked, other, left) for other in others]
        try:
            for _, one in _drained(left.popleft):
                yield make(one)
            for _, one, answer in sorted(chain(*(each.result() for each in theirs)), key=itemgetter(0)):
                yield answer[0] if answer else make(one)
        finally:
            left.clear()


def _drained(take: Callable[[], One]) -> Iterator[One]:
    with suppress(IndexError):
        while True:
            yield take()


def _asked(other: Connection, left: deque[tuple[int, One]]) -> list[tuple[int, One, tuple[Any] | None]]:
    """Let another process make one after the other, from the end; None stands for what it did not make."""
    made: list[tuple[int, One, tuple[Any] | None]] = []
    for number, one in _drained(left.pop):
        answer = None
        with suppress(EOFError, OSError):  # it is dead: this process makes it
            other.send(one)
            answer = other.recv()
        made.append((number, one, answer))
    return made


@contextmanager
def _another(make: Callable[[One], Made]) -> Iterator[Connection]:
    from multiprocessing import get_context

    fork = get_context("fork")
    here, there = fork.Pipe()
    process = fork.Process(target=_serve, args=(make, there, here), daemon=True)
    with warnings.catch_warnings():
        # Python warns of threads: those of numpy's BLAS mind forks themselves, a progress bar's holds nothing of ours.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    there.close()
    try:
        yield here
    finally:
        process.kill()  # it holds nothing; ending by itself it would write out what its copy of the terminal holds
        process.join()
        here.close()


def _serve(make: Callable[[One], Made], asked: Connection, other_end: Connection) -> None:
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent is told, and ends it
    with suppress(EOFError, OSError):
        while True:
            answer = None
            one = asked.recv()
            with suppress(Exception):  # its parent makes it again, and raises it
                answer = (make(one),)
            asked.send(answer)
