"""A landed file that takes its reader down takes no function down: people are told, and the next table is read."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.fetched import FetchedTables
from nephoscope.adapters.files.isolated import Caps, IsolatedTables
from nephoscope.adapters.files.limits import FUNCTION
from nephoscope.errors import Transient, Unreadable
from nephoscope.events import ObjectRef, ObjectWritten
from nephoscope.wiring import function as wiring


@pytest.fixture
def land(cloud):
    """Land a table under a name; its Event."""

    def land(name, rows=1_000):
        delays = np.random.default_rng(len(name)).exponential(12, rows)
        (cloud.folder / "flights").mkdir(exist_ok=True)
        pq.write_table(pa.table({"dep_delay": delays}), cloud.folder / "flights" / name)
        return ObjectWritten(name, wiring.Function(cloud, cloud.folder).clock.now(), told(name))

    return land


def told(name):
    """The object."""
    return ObjectRef("aws", "landed", f"flights/{name}", "1", 1)


def test_a_reader_that_is_killed_costs_one_verdict(cloud, land):
    """The table is unknown, with how its reader ended; the Event is done with, and the next one is read."""
    function = wiring.Function(cloud, cloud.folder)
    first, hostile, next_one = land("first"), land("hostile"), land("next")
    function.take("drift", lambda: [first])
    reader = function.tables._reader  # no file is known that kills its reader for sure
    stopped = reader._child.pid
    os.kill(stopped, signal.SIGSTOP)  # it reads for ever
    threading.Timer(0.2, os.kill, (stopped, signal.SIGKILL)).start()
    function.take("drift", lambda: [hostile])
    function.take("drift", lambda: [next_one])
    reader.close()

    verdicts = [{finding["verdict"] for finding in report["findings"]} for report in cloud.published]
    assert "unknown" not in verdicts[0] | verdicts[2]
    assert verdicts[1] == {"unknown"}
    assert "took its reader down with SIGKILL" in json.dumps(cloud.published[1]["findings"])


def test_a_table_that_is_read_for_ever_ends_before_its_function(cloud, land, monkeypatch):
    """What takes too long is unknown as well: no cloud ends the function and calls it again with the same table."""
    monkeypatch.setattr(wiring, "READ_SECONDS", 0.001)
    function = wiring.Function(cloud, cloud.folder)
    function.take("drift", lambda: [land("slow", 1_000_000)])
    [report] = cloud.published
    assert {finding["verdict"] for finding in report["findings"]} == {"unknown"}
    assert "took more than 0.001 s" in json.dumps(report["findings"])


def test_a_table_that_takes_more_memory_than_there_is_is_unreadable(cloud, land):
    """The reader ends, or the reading; the function's own memory is its own."""
    land("large", 3_000_000)
    tables = FetchedTables(cloud, IsolatedTables(Caps(memory_bytes=1024 * 1024, limits=FUNCTION)))
    with pytest.raises(Unreadable):
        tables.profile(told("large"))


def test_a_reader_that_does_not_start_says_nothing_of_the_table(cloud, land, monkeypatch):
    """A function that was deployed badly fails, so that the Event comes again: it blames no file."""
    land("good")
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(Transient, match="does not start"):
        FetchedTables(cloud, IsolatedTables(Caps(limits=FUNCTION))).profile(told("good"))


def test_a_reader_has_no_credentials(monkeypatch):
    """What a hostile file could make its reader do, it does as nobody."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-function")
    reader = IsolatedTables()
    try:
        child = reader._running()  # once it is ready: before, the system may not tell its environment yet
        environment = Path(f"/proc/{child.pid}/environ").read_bytes()
        assert b"PYTHONPATH=" in environment
        assert b"secret-of-the-function" not in environment
    finally:
        reader.close()
