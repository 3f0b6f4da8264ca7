"""
The protocol, searched exhaustively: every interleaving of two workers, every crash, every early end of a lease.

A notification is a copy in a queue (the hub's record plays that part) and a delivery: pending, claimed by somebody, or
marked as sent. A worker takes the steps of its order one at a time; a crash ends it anywhere, and another one starts
from the record. An end state in which nothing was sent and nothing can bring it any more is a loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

SHIPPED = ("claim", "send", "mark", "ack")  # jobs/send.py; the acknowledgement is the marker's twin in jobs/deliver.py
ACK_FIRST = ("claim", "ack", "send", "mark")  # Cloud Custodian's mailer in parallel mode
MARK_FIRST = ("claim", "mark", "send", "ack")


@dataclass(frozen=True)
class World:
    """Everything that counts; sends are counted, faults are what may still go wrong."""

    copies: int
    crashes: int
    early_ends: int
    workers: tuple[int | None, ...] = (None, None)  # the next step of each; None when idle
    owner: int | None = None
    marked: bool = False
    sends: int = 0


def moves(world: World, order: tuple[str, ...]) -> Iterator[World]:
    """Every next world."""
    if world.owner is not None and not world.marked:
        lively = world.workers[world.owner] is not None
        if not lively:
            yield replace(world, owner=None)  # the lease of the dead ends by itself
        elif world.early_ends:
            yield replace(world, owner=None, early_ends=world.early_ends - 1)
    for number, step in enumerate(world.workers):
        if step is None:
            if world.copies:
                yield _at(world, number, 0)
            continue
        if world.crashes:
            yield replace(_at(world, number, None), crashes=world.crashes - 1)
        yield from _step(world, number, order[step], step, order)


def _step(world: World, number: int, what: str, step: int, order: tuple[str, ...]) -> Iterator[World]:
    after = _at(world, number, step + 1 if step + 1 < len(order) else None)
    if what == "claim":
        if world.marked:
            yield replace(_at(world, number, None), copies=max(0, world.copies - 1))  # told already: only acknowledge
        elif world.owner is None:
            yield replace(after, owner=number)
        else:
            yield _at(world, number, None)  # held elsewhere: leave it
    elif what == "send":
        yield replace(after, sends=world.sends + 1)
    elif what == "mark":
        # A mark of an older epoch is refused; the worker goes on, but acknowledges nothing that is not its own.
        yield replace(after, marked=True) if world.owner == number else _at(world, number, None)
    else:
        yield replace(after, copies=max(0, world.copies - 1))


def _at(world: World, number: int, step: int | None) -> World:
    workers = list(world.workers)
    workers[number] = step
    return replace(world, workers=tuple(workers))


def search(order: tuple[str, ...], *, copies: int = 1, crashes: int = 0, early_ends: int = 0) -> tuple[int, int, int]:
    """The most sends, the end states that lost it, and how many states there are."""
    start = World(copies, crashes, early_ends)
    seen, todo = {start}, [start]
    most, lost = 0, 0
    while todo:
        world = todo.pop()
        most = max(most, world.sends)
        following = list(moves(world, order))
        if not following:
            lost += world.sends == 0
        for each in following:
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return most, lost, len(seen)


FAULTS = [(copies, crashes, early) for copies in (1, 2) for crashes in (0, 1, 2) for early in (0, 1)]


@pytest.mark.parametrize(("copies", "crashes", "early_ends"), FAULTS)
def test_the_shipped_order_loses_nothing(copies: int, crashes: int, early_ends: int) -> None:
    """At least once, and at most once more for each crash and each early end of a lease."""
    most, lost, states = search(SHIPPED, copies=copies, crashes=crashes, early_ends=early_ends)
    assert lost == 0
    assert 1 <= most <= 1 + crashes + early_ends
    assert states > 1


@pytest.mark.parametrize("order", [ACK_FIRST, MARK_FIRST])
def test_either_wrong_order_is_caught_losing(order: tuple[str, ...]) -> None:
    """One crash is enough to lose a notification that was acknowledged or marked before it was sent."""
    assert search(order, crashes=1)[1] > 0
    assert search(order)[1] == 0
