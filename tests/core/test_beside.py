"""Columns that processes share: all of them come, in their order, whatever becomes of the other processes."""

import multiprocessing
import os
import signal
import time
from itertools import islice

import pytest
from nephoscope.adapters.files.beside import POSSIBLE, shared

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="a second process is forked, on Linux alone")


@pytest.mark.parametrize("workers", [2, 4])
def test_processes_make_all_in_order(workers: int) -> None:
    """All take part, and nobody sees who made what."""

    def make(one: int) -> tuple[int, int]:
        time.sleep(0.01)
        return one, os.getpid()

    made = list(shared(make, range(40), workers))
    assert [one for one, _ in made] == list(range(40))
    assert len({by for _, by in made}) == workers


def test_what_kills_the_other_process_is_made_here() -> None:
    """The other one dies of its first, and of nothing else is heard."""
    this = os.getpid()

    def make(one: int) -> int:
        if os.getpid() != this:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        return one

    assert list(shared(make, range(10), 2)) == list(range(10))


def test_an_error_is_raised_in_its_turn() -> None:
    """Wherever it happened first: what comes before it is made."""

    def make(one: int) -> int:
        time.sleep(0.01)
        return 10 // (9 - one)

    made = shared(make, range(10), 2)
    assert [next(made) for _ in range(9)] == [10 // (9 - one) for one in range(9)]
    with pytest.raises(ZeroDivisionError):
        next(made)


def test_who_stops_early_leaves_no_process_behind() -> None:
    """Of a hundred two are wanted."""
    made = shared(abs, range(100), 2)
    assert list(islice(made, 2)) == [0, 1]
    made.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []
