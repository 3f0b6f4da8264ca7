"""
SIGINT and SIGTERM end a command as an exception does: folders of scratch are removed, and processes beside it ended.

A library that is interrupted may raise an error of its own, or give what it has: DuckDB's is "Query interrupted". So
what came is written down, and counts before whatever the command says after it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stoppable() -> Iterator[list[signal.Signals]]:
    """
    Raise KeyboardInterrupt where SIGINT or SIGTERM comes; what whoever started this process ignores stays ignored.

    Yields:
        The signals that came, in their order.
    """
    came: list[signal.Signals] = []
    ours = os.getpid()

    def stop(number: int, _: object) -> None:
        if os.getpid() != ours:  # a fork, which has nothing to tell
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        came.append(signal.Signals(number))
        raise KeyboardInterrupt

    heard = [signal.SIGINT, signal.SIGTERM] if threading.current_thread() is threading.main_thread() else []
    heard = [number for number in heard if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
