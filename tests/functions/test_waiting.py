"""What a deployed function cannot do now waits for it: no mistake in its settings acknowledges an Event."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nephoscope.errors import Transient
from nephoscope.events import TimerFired
from nephoscope.wiring import function as wiring


def test_a_mistake_that_a_job_finds_leaves_its_event_in_the_queue(cloud):
    """What the configuration lacks is seen when the job first asks for it: the Event comes again until it is right."""
    function = wiring.Function(cloud, cloud.folder)
    slot = TimerFired("t", datetime(2026, 11, 24, 6, tzinfo=UTC), "monitoring")
    with pytest.raises(Transient, match="metric_stores"):
        function.take("monitoring", lambda: [slot])


def test_no_host_ends_a_function_before_its_reader():
    """What reads a table ends first, on Azure too: its verdict is written down, and the table is not read again."""
    host = json.loads((Path(__file__).parents[2] / "functions" / "azure" / "host.json").read_text())
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    limit = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    assert limit >= wiring.READ_SECONDS + 60
