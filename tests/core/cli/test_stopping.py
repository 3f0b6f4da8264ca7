"""A command that is ended from outside says so in one sentence, leaves nothing behind, and is never a breach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HEADER = "ProviderName,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,BilledCost,BillingCurrency"
ROW = "AWS,2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-05-02T00:00:00Z,2026-05-03T00:00:00Z,1.25,USD"
SCRATCH = "nephoscope-bills-*"


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Commands start as at a terminal: a shell that runs the tests in its background lets them ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def until(holds: Callable[[], object]) -> None:
    """Wait until it holds, half a minute at most."""
    end = time.monotonic() + 30
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    assert holds()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_bill_that_is_being_read_can_be_stopped(number: signal.Signals, tmp_path: Path) -> None:
    """The exit code is the shell's for the signal, whatever the engine calls it; no folder of scratch stays behind."""
    bill, scratch = tmp_path / "bill.csv", tmp_path / "scratch"
    bill.write_text("\n".join([HEADER, *[ROW] * 1_000_000, ""]))
    scratch.mkdir()
    words = [sys.executable, "-m", "nephoscope", "cost", "report", str(bill), "--fail-on", "breach"]
    environ = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as reading:
        until(lambda: len(list(scratch.glob(SCRATCH))) == 2)
        time.sleep(0.2)  # by now the engine reads
        reading.send_signal(number)
        out, told = reading.communicate(timeout=30)
    assert (reading.returncode, out) == (128 + number, b"")
    assert told.decode() == f"{number.name} ended this before it had an answer. To do: give the command again.\n"
    assert list(scratch.iterdir()) == []


def test_a_signal_that_is_swallowed_counts_all_the_same() -> None:
    """An answer during which SIGINT came is none: a library may have left out what it was at."""
    script = """
import contextlib, os, signal, sys
from nephoscope.cli import schema
from nephoscope.cli.main import main
before = schema.schema
def swallowing(arguments):
    with contextlib.suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    return before(arguments)
schema.schema = swallowing
sys.exit(main(["schema"]))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (130, b"")
    assert ran.stderr.startswith(b"SIGINT ended this")


def test_two_signals_at_once_stop_the_runner(tmp_path: Path) -> None:
    """A second signal while the first one is heard, as when Ctrl-C reaches who started `up` too, hangs nothing."""
    script = """
import os, signal, sys, threading
from nephoscope.cli.main import main
before = threading.Event.set
def interrupted(event):
    with event._cond:  # where Python's own `set` may be when a signal comes
        if threading.get_ident() == threading.main_thread().ident:
            os.kill(os.getpid(), signal.SIGTERM)
    before(event)
threading.Event.set = interrupted
threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()
sys.exit(main(["up", "--poll", "0.05"]))
"""
    (tmp_path / "nephoscope.yaml").write_text(
        "{version: 1, channels: {console: {type: console}}, route: {channels: [console]}}"
    )
    run = [sys.executable, "-c", script]
    ran = subprocess.run(run, cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    assert b"Stopped on request" in ran.stdout
