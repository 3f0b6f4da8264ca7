"""Threads that decode the same types for the first time together do not end the process."""

import subprocess
import sys
from pathlib import Path

import pytest

STARTS = 12
TOGETHER = """
import sys, threading
sys.path.insert(0, {tests!r})
sys.setswitchinterval(1e-6)
from fakes.hub import breach, report
from nephoscope import records
from nephoscope.alerts import streams
from nephoscope.report import from_cloudevent, to_cloudevents

message = to_cloudevents(report(breach()))[0]
record = records.encode(streams.awaited(streams.Expected("j", "c", "s", 1.0), now=streams.NEVER))
ready = threading.Barrier(16)

def decode(number):
    ready.wait()
    from_cloudevent(message) if number % 2 else records.decode(record, streams.Stream, key="k")

threads = [threading.Thread(target=decode, args=(number,)) for number in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.slow
def test_sixteen_threads_may_decode_first_together() -> None:
    """Twelve fresh processes in which sixteen threads read their first records and Reports at once all live."""
    program = TOGETHER.format(tests=str(Path(__file__).parents[1]))
    ended = [subprocess.run([sys.executable, "-c", program], check=False).returncode for _ in range(STARTS)]
    assert ended == [0] * STARTS
