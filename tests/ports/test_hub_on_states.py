"""The hub's protocol over every State: the same life, the same Messages, in each cloud."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from fakes.hub import Hub, blind, breach, ok, report
from nephoscope import records
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.alerts.groups import Why
from nephoscope.alerts.silences import silence
from nephoscope.errors import NephoscopeError
from nephoscope.jobs import hush
from nephoscope.ports import State
from ports.test_state import STORES

MINUTE = timedelta(minutes=1)
Open = Callable[[], State]


@pytest.fixture(params=["memory", *STORES])
def open_state(request: pytest.FixtureRequest, clouds: tuple[str, ...], tmp_path: Path) -> Open:
    """A store, empty."""
    if request.param == "memory":
        state = MemoryState()
        return lambda: state
    if request.param not in clouds:
        pytest.skip(f"not among --clouds: {request.param}")
    opened: Open = STORES[request.param](request, tmp_path)
    return opened


def test_a_life_is_told_alike_over_every_store(open_state: Open) -> None:
    """Breach, blindness, a redelivery, a silence and its end, and the good end: told as in memory, nothing twice."""
    hub = Hub(state=open_state())
    for seen in (breach(), breach(), blind()):
        hub.sees(seen)
        hub.later(MINUTE)
    hub.take_in(report(breach(), at=hub.clock.now() - 3 * MINUTE))
    made = silence(
        ['dataset="flights"'], author="ada", reason="x", starts=hub.clock.now(), ends=hub.clock.now() + 5 * MINUTE
    )
    hush.add(made, hub.desk)
    hub.sees(ok())
    hub.later(5 * MINUTE)
    hub.sweep()
    hub.sweep()
    told = [message.why for message in hub.chat.got]
    assert told == [Why.FIRING, Why.UNKNOWN, Why.NOTICE, Why.NOTICE, Why.RESOLVED]
    assert set(hub.chat.times.values()) == {1}
    assert all(notification.finished for notification in hub.notifications())


def test_eight_writers_lose_no_update(open_state: Open) -> None:
    """
    Updates of one record by eight writers, each with its own client, all count (A4, at a smaller scale).

    Once 79 of 80 did on AWS: moto's own conditional writes have a race, which `moto_host.py` tells of and closes.
    """
    leaked: list[NephoscopeError] = []

    def write(state: State) -> None:
        try:
            for _ in range(10):
                records.change(state, "counter.json", int, lambda old: (old or 0) + 1)
        except NephoscopeError as error:
            leaked.append(error)

    writers = [Thread(target=write, args=(open_state(),)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not leaked
    assert records.read(open_state(), "counter.json", int) == 80
