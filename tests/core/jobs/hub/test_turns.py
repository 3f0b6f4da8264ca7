"""Whose turn it is to send."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep

from nephoscope.jobs.turns import Turns


def test_one_sends_at_a_time() -> None:
    """Eight threads that all want to send never do so together."""
    turns = Turns()
    sending: list[int] = []
    together: list[int] = []

    def send(me: int) -> None:
        with turns.one():
            sending.append(me)
            together.append(len(sending))
            sleep(0.002)
            sending.remove(me)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(40)))
    assert together == [1] * 40


def test_who_hangs_loses_the_turn_to_one() -> None:
    """While one hangs the others go on after a while, one at a time, and its end takes the turn from nobody."""
    turns = Turns(patience_seconds=0.05)
    released, has_it = Event(), Event()
    sending: list[int] = []
    together: list[int] = []

    def hang() -> None:
        with turns.one():
            has_it.set()
            released.wait(10)

    def send(me: int) -> None:
        with turns.one():
            sending.append(me)
            together.append(len(sending))
            sleep(0.002)
            if me == 3:
                released.set()
            sending.remove(me)

    with ThreadPoolExecutor(5) as threads:
        hanging = threads.submit(hang)
        has_it.wait(10)
        began = monotonic()
        for each in [threads.submit(send, number) for number in range(4)]:
            each.result()
        took = monotonic() - began
        hanging.result()
    assert together == [1] * 4
    assert took >= 0.04
