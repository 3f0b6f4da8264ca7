"""Each minute, everywhere: in the hub, tell what is due; then publish what was written down and not told."""

from __future__ import annotations

from collections.abc import Callable

from nephoscope.jobs import deliver
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.pace import Pace
from nephoscope.jobs.send import Told
from nephoscope.outbox import Outbox
from nephoscope.report import Report

JOB = "sweep"


def run(
    *, outbox: Outbox, pace: Pace, desk: Desk | None = None, ping: Callable[[], None] | None = None
) -> tuple[list[Report], list[Told]]:
    """
    With a desk, deliver; republish the ledger's untold Reports; then tell the dead-man switch that a round is done.

    People come first: it takes many requests to look through a large ledger, and the function's time may end in them.

    Args:
        outbox: The ledger and the topic.
        pace: How often the ledger is looked through.
        desk: The hub's records, where this is the hub.
        ping: Tells the dead-man switch.

    Returns:
        The Reports published now and what became of each try to tell a Channel.

    Raises:
        NephoscopeError: One of the two failed, and the other had its turn; the switch is not told.
    """
    try:
        told = deliver.sweep(desk) if desk is not None else []
    finally:
        published = pace.look(outbox.republish)
    if ping is not None:
        ping()
    return published, told
