"""Waiting for what happens in other processes; what did not come is told with what the logs hold."""

import time

PATIENCE_SECONDS = 120
SHOWN = 30  # lines of each log


def wait_for(ready, *logs, ring=None, every_seconds=1.0):
    """
    Wait until something is so; returns what it was.

    Args:
        ready: Asked until it answers something true.
        logs: Files whose ends are shown where it never does.
        ring: Called now and then meanwhile, as a scheduler would.
        every_seconds: How often.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    rung = time.monotonic()
    while not (found := ready()):
        now = time.monotonic()
        assert now < until, "it did not come" + "".join(map(_shown, logs))
        if ring is not None and now - rung >= every_seconds:
            rung = now
            ring()
        time.sleep(0.05)
    return found


def _shown(log):
    """The end of a log."""
    lines = log.read_text().splitlines()[-SHOWN:] if log.exists() else ["(there is none)"]
    return "\n".join(["", f"--- {log.name}", *lines])
