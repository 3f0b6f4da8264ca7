"""Each minute, everywhere: publish what was written down and not told; in the hub, tell what is due as well."""

from __future__ import annotations

from collections.abc import Callable

from nephoscope.jobs import deliver
from nephoscope.jobs.desk import Desk
from nephoscope.jobs.send import Told
from nephoscope.outbox import Outbox
from nephoscope.report import Report

JOB = "sweep"


def run(
    *, outbox: Outbox, desk: Desk | None = None, ping: Callable[[], None] | None = None
) -> tuple[list[Report], list[Told]]:
    """
    Republish the ledger's untold Reports and, with a desk, deliver; then tell the dead-man switch that a round is done.

    Returns:
        The Reports published now and what became of each try to tell a Channel.

    Raises:
        NephoscopeError: One of the two failed, and the other had its turn; the switch is not told.
    """
    told: list[Told] = []
    try:
        published = outbox.republish()
    finally:
        if desk is not None:
            told = deliver.sweep(desk)
    if ping is not None:
        ping()
    return published, told
