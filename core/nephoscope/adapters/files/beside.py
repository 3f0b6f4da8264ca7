"""
A second process beside this one, which makes some of what is asked for.

Half of counting holds the interpreter's lock: two threads that count wait for one another, two processes do not. The
other one is a fork, which has imported and opened everything already.
"""

from __future__ import annotations

import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from nephoscope.adapters.files.abreast import abreast

POSSIBLE = sys.platform == "linux"  # elsewhere the libraries that are loaded do not stand it

One = TypeVar("One")
Made = TypeVar("Made")


def shared(make: Callable[[One], Made], ones: Iterable[One], workers: int) -> Iterator[Made]:
    """
    What is made of each one, in their order: this process takes them from the front, another from the end.

    What the other one cannot make, or dies of, is made here in its turn, so that its error is raised where it belongs.

    >>> list(shared(abs, [-1, 2, -3], 2))
    [1, 2, 3]
    """
    left = deque(ones)
    if workers == 1 or len(left) < 2 or not POSSIBLE:
        yield from abreast(make, left, workers)
        return
    with _another(make) as other, ThreadPoolExecutor(1) as asking:
        theirs = asking.submit(_asked, other, left)
        try:
            for one in _drained(left.popleft):
                yield make(one)
            for one, answer in reversed(theirs.result()):
                yield answer[0] if answer else make(one)
        finally:
            left.clear()


def _drained(take: Callable[[], One]) -> Iterator[One]:
    with suppress(IndexError):
        while True:
            yield take()


def _asked(other: Connection, left: deque[One]) -> list[tuple[One, tuple[Any] | None]]:
    """Let the other process make one after the other, from the end."""
    made: list[tuple[One, tuple[Any] | None]] = []
    for one in _drained(left.pop):
        answer = None
        with suppress(EOFError, OSError):  # it is dead: this process makes it
            other.send(one)
            answer = other.recv()
        made.append((one, answer))
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
