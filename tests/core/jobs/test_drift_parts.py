"""A table that lands in parts is judged once, when its folder is complete; a preset looks at every column."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope import settings
from nephoscope.adapters.files.tables import FileTables
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.baselines import StoredBaselines
from nephoscope.drift.profile import Profile, to_json
from nephoscope.errors import Transient
from nephoscope.events import ObjectRef, ObjectWritten, stable_id
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import drift
from nephoscope.outbox import Outbox
from nephoscope.parts import StoredParts
from nephoscope.ports import Lost, Version
from nephoscope.report import Report

CONFIGURATION = """
version: 1
datasets:
  scores:
    objects: landed
    preset: default
    rows: {between: [0.5, 2]}
    newest: {at: {at_most: 48}}
    parts: {quiet: 15m}
"""
START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


class Landing:
    """The drift job over a folder whose tables land in parts."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "landed"
        self.place.mkdir()
        (folder / "nephoscope.yaml").write_text(CONFIGURATION, encoding="utf-8")
        clock = FixedClock(START)
        self.state = SqliteState(folder / "jobs.db")
        self.topic = SqliteTopic(folder / "topic.db", clock=clock)
        self.ports = {
            "baselines": StoredBaselines(self.state, clock),
            "outbox": Outbox(self.state, self.topic, clock, "local"),
            "settings": settings.load(folder / "nephoscope.yaml"),
            "parts": StoredParts(self.state),
        }

    def land(self, key: str, content: pa.Table | bytes, *, minutes: int = 0) -> Report:
        """Let an object land and run the job for it."""
        path = self.place / key
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)
        table = ObjectRef("local", str(self.place), key, str(minutes))
        event = ObjectWritten(stable_id(key, str(minutes)), START + timedelta(minutes=minutes), table)
        return drift.run(event, tables=FileTables(), **self.ports)

    def told(self) -> list[Report]:
        """What was published."""
        from nephoscope.report import from_cloudevent

        return [from_cloudevent(letter.body) for letter in self.topic.receive()]

    def quiet(self, minutes: int) -> list[Report]:
        """Run the sweep so long after the start."""
        return list(drift.run_quiet(START + timedelta(minutes=minutes), **self.ports))


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """The job, whose Baseline is made already."""
    found = Landing(tmp_path)
    pq.write_table(rows(0, 3_000), tmp_path / "baseline.parquet")
    baseline: Profile = FileTables().profile(ObjectRef("local", str(tmp_path), "baseline.parquet"))
    found.ports["baselines"].promote("scores", baseline)
    return found


def rows(seed: int, count: int, *, shift: float = 0.0) -> pa.Table:
    """A table of scores."""
    draw = np.random.default_rng(seed)
    times = [START - timedelta(hours=1)] * count
    return pa.table({"score": draw.normal(shift, 1, count), "word": draw.choice(["a", "b"], count), "at": times})


def finding(report: Report, check: str, subject: str) -> Finding:
    """The one Finding of a check and subject."""
    (found,) = [one for one in report.findings if (one.check, one.subject) == (check, subject)]
    return found


def test_parts_are_judged_once_as_one_table(landing: Landing) -> None:
    """Nothing is published for a part; when `_SUCCESS` lands, one Report speaks of all rows."""
    for part in range(3):
        landing.land(f"day/part-{part}.parquet", rows(part + 1, 1_000))
    assert landing.told() == []

    report = landing.land("day/_SUCCESS", b"", minutes=1)

    assert [told.id for told in landing.told()] == [report.id]
    assert finding(report, "drift.table", "scores").evidence["rows"] == 3_000
    assert finding(report, "drift.default", "scores/score").verdict is Verdict.OK
    assert landing.quiet(60) == []


def test_a_folder_without_a_marker_is_judged_after_a_quiet_period(landing: Landing) -> None:
    """Fifteen minutes after the last part the folder counts as complete, once; a late part makes it count again."""
    landing.land("day/part-0.parquet", rows(1, 1_500))
    landing.land("day/part-1.parquet", rows(2, 1_500), minutes=10)
    assert landing.quiet(20) == []

    (report,) = landing.quiet(25)

    assert finding(report, "drift.rows", "scores").value == 1.0
    assert landing.quiet(26) == []
    landing.land("day/part-2.parquet", rows(3, 1_500), minutes=30)
    (again,) = landing.quiet(45)
    assert finding(again, "drift.rows", "scores").value == 1.5


def test_a_verdict_that_was_not_written_down_is_judged_again(landing: Landing) -> None:
    """A ledger that fails once costs nothing: the folder waits on until its Report is on record."""
    landing.land("day/part-0.parquet", rows(1, 3_000, shift=1.0))

    class Failing(SqliteState):
        def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
            if key.startswith("ledger/"):
                raise Transient("503")
            return super().create(key, body)

    whole = landing.ports["outbox"]
    landing.ports["outbox"] = replace(whole, ledger=Failing(landing.place.parent / "jobs.db"))
    with pytest.raises(Transient):
        landing.quiet(20)
    landing.ports["outbox"] = whole
    (report,) = landing.quiet(21)
    assert report.verdict is Verdict.BREACH
    assert [told.id for told in landing.told()] == [report.id]
    assert landing.quiet(22) == []


def test_a_part_that_is_written_anew_counts_once(landing: Landing) -> None:
    """The newest of a part's contents counts, and the folder is judged again for it."""
    landing.land("day/part-0.parquet", rows(1, 3_000, shift=1.0))
    (moved,) = landing.quiet(20)
    landing.land("day/part-0.parquet", rows(2, 3_000), minutes=30)
    (report,) = landing.quiet(50)
    assert finding(moved, "drift.default", "scores/score").verdict is Verdict.BREACH
    assert finding(report, "drift.default", "scores/score").verdict is Verdict.OK
    assert finding(report, "drift.rows", "scores").value == 1.0


def test_an_unreadable_part_makes_the_table_unknown_and_drops_no_subject(landing: Landing) -> None:
    """What was looked at before is unknown, never fine and never gone."""
    landing.land("one/part-0.parquet", rows(1, 3_000, shift=0.5))
    seen = landing.land("one/_SUCCESS", b"")
    landing.land("two/part-0.parquet", rows(2, 2_000))
    landing.land("two/part-1.parquet", b"PAR1 cut")
    broken = landing.land("two/_SUCCESS", b"", minutes=1)

    assert finding(seen, "drift.default", "scores/score").verdict is Verdict.BREACH
    assert {one.verdict for one in broken.findings} == {Verdict.UNKNOWN}
    assert "One of 2 parts" in finding(broken, "drift.table", "scores").reason
    subjects = [{(one.check, one.subject) for one in report.findings} for report in (seen, broken)]
    assert subjects[0] == subjects[1]


def test_a_marker_without_parts_is_no_table(landing: Landing) -> None:
    """A folder that is complete and empty is unknown with its reason."""
    report = landing.land("day/_SUCCESS", b"")
    assert "No part of 'day/' has landed" in finding(report, "drift.table", "scores").reason


def test_stale_data_and_an_odd_number_of_rows_are_breaches(landing: Landing) -> None:
    """The newest time is held against the landing, the rows against the baseline's."""
    landing.land("day/part-0.parquet", rows(1, 100), minutes=60 * 48)
    report = landing.land("day/_SUCCESS", b"", minutes=60 * 48)
    assert finding(report, "drift.newest", "scores/at").value == pytest.approx(49)
    assert finding(report, "drift.newest", "scores/at").verdict is Verdict.BREACH
    assert finding(report, "drift.rows", "scores").verdict is Verdict.BREACH


def test_the_configured_format_and_baseline_count(tmp_path: Path) -> None:
    """A CSV file where the configuration says Parquet is unknown; the baseline that it names is the Baseline."""
    found = Landing(tmp_path)
    text = CONFIGURATION.replace("    parts: {quiet: 15m}\n", "    format: parquet\n    baseline: baseline.json\n")
    (tmp_path / "nephoscope.yaml").write_text(text, encoding="utf-8")
    found.ports["settings"] = settings.load(tmp_path / "nephoscope.yaml")
    missing = found.land("first.parquet", rows(1, 3_000))
    assert "There is no file" in finding(missing, "drift.table", "scores").reason

    pq.write_table(rows(0, 3_000), tmp_path / "table.parquet")
    profile = FileTables().profile(ObjectRef("local", str(tmp_path), "table.parquet"))
    (tmp_path / "baseline.json").write_bytes(to_json(profile))
    moved = found.land("second.parquet", rows(1, 3_000, shift=0.5))
    assert finding(moved, "drift.default", "scores/score").verdict is Verdict.BREACH
    csv = found.land("third.csv", b"score,word,at\n1,a,2026-01-01\n")
    assert "is csv, the configuration says parquet" in finding(csv, "drift.table", "scores").reason
