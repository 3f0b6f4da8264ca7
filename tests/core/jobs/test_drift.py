"""A landed table is compared with its Baseline, once, and what cannot be read is said to be unknown."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope import settings
from nephoscope.adapters.files.tables import FileTables
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.folder import Folder
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.baselines import StoredBaselines
from nephoscope.drift.profile import to_json
from nephoscope.errors import BadPayload
from nephoscope.events import ObjectRef, ObjectWritten
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import drift
from nephoscope.outbox import Outbox
from nephoscope.report import Report

CONFIGURATION = """
version: 1
datasets:
  scores:
    objects: landed
    columns:
      score: {mean_diff: {at_most: 0.1}}
"""


class Desk:
    """The drift job over one folder, as the local runner runs it."""

    def __init__(self, folder: Path, clock: FixedClock, configuration: str = CONFIGURATION) -> None:
        self.landed = folder / "landed"
        self.landed.mkdir()
        (folder / "nephoscope.yaml").write_text(configuration, encoding="utf-8")
        self.settings = settings.load(folder / "nephoscope.yaml")
        state = SqliteState(folder / "jobs.db")
        self.topic = SqliteTopic(folder / "topic.db", clock=clock)
        self.outbox = Outbox(state, self.topic, clock, "local")
        self.baselines = StoredBaselines(state, clock)
        self.folder = Folder(self.landed)

    def land(self, name: str, values: list[float | None] | bytes) -> Report:
        """Let a file land and run the job for its Event."""
        if isinstance(values, bytes):
            (self.landed / name).write_bytes(values)
        else:
            pq.write_table(pa.table({"score": pa.array(values, pa.float64())}), self.landed / name)
        list(self.folder.look())
        (event,) = list(self.folder.look())
        return self.run(event)

    def run(self, event: ObjectWritten) -> Report:
        """Run the job for an Event."""
        return drift.run(
            event,
            tables=FileTables(),
            baselines=self.baselines,
            outbox=self.outbox,
            settings=self.settings,
        )


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Desk:
    """The job over an empty folder."""
    return Desk(tmp_path, clock)


def finding(report: Report, check: str) -> Finding:
    """The one Finding of a check."""
    (found,) = [finding for finding in report.findings if finding.check == check]
    return found


def test_the_tutorials_example_is_a_breach(desk: Desk) -> None:
    """[0.5, 0.6, 0.55, 0.52] against [0.8, 0.85, 0.82, 0.81]: the means differ by 0.2775, which is more than 0.1."""
    desk.land("a.parquet", [0.5, 0.6, 0.55, 0.52])
    found = finding(desk.land("b.parquet", [0.8, 0.85, 0.82, 0.81]), "drift.mean_diff")
    assert found.value == pytest.approx(0.2775, abs=1e-12)
    assert (found.verdict, found.subject) == (Verdict.BREACH, "scores/score")


def test_all_nan_is_unknown(desk: Desk) -> None:
    """The tutorial read NaN as "no drift"; here nobody could look, and says so."""
    desk.land("a.parquet", [0.5, 0.6, 0.55, 0.52])
    found = finding(desk.land("b.parquet", [float("nan")] * 4), "drift.mean_diff")
    assert (found.verdict, found.value) == (Verdict.UNKNOWN, None)
    assert "NaN" in found.reason or "finite" in found.reason


def test_the_first_file_becomes_the_baseline(desk: Desk) -> None:
    """Where no Baseline is named, what lands first is it, and later files are compared with it."""
    desk.land("a.parquet", [1.0, 2.0, 3.0])
    current = desk.baselines.current("scores")
    assert current is not None
    assert current[0].rows == 3
    desk.land("b.parquet", [1.0, 2.0, 3.0, 4.0])
    assert len(desk.baselines.history("scores")) == 1


def test_a_damaged_baseline_is_unknown(desk: Desk) -> None:
    """A stored version that contradicts itself is told of, with the column that is wrong; the job goes on."""
    desk.land("a.parquet", [1.0, 2.0, 3.0])
    current = desk.baselines.current("scores")
    assert current is not None
    column = current[0].columns[0]
    assert column.numbers is not None
    damaged = replace(column, numbers=replace(column.numbers, sums=column.numbers.sums[1:]))
    state = desk.baselines.state
    pointer = state.get("baselines/scores/current.json")
    assert pointer is not None
    state.create("baselines/scores/versions/damaged.json", to_json(replace(current[0], columns=(damaged,))))
    state.replace("baselines/scores/current.json", pointer[1], pointer[0].replace(current[1].encode(), b"damaged"))
    report = desk.land("b.parquet", [1.0, 2.0, 3.0])
    assert {found.verdict for found in report.findings} == {Verdict.UNKNOWN}
    assert "'score' has" in finding(report, "drift.table").reason


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1 but not really PAR1", b"score\n"])
def test_a_file_that_is_no_table_is_unknown(desk: Desk, body: bytes) -> None:
    """An empty, cut or foreign file is never "no drift" and never a crash; every check says that it could not look."""
    desk.land("a.parquet", [0.5, 0.6])
    report = desk.land("b.parquet", body)
    assert {found.verdict for found in report.findings} == {Verdict.UNKNOWN}
    assert report.coverage.answered == 0


def test_every_run_speaks_of_the_same_subjects(desk: Desk) -> None:
    """A subject that is missing from a Report counts as no longer watched, so none may come and go with the data."""
    reports = [desk.land("a.parquet", [0.5, 0.6]), desk.land("b.parquet", b"cut"), desk.land("c.parquet", [None, 9.0])]
    assert len({frozenset((f.check, f.subject) for f in report.findings) for report in reports}) == 1


def test_a_repeated_event_is_answered_from_the_ledger(desk: Desk) -> None:
    """The file may be gone by then: nothing is read again, and nothing is published again."""
    desk.land("a.parquet", [0.5, 0.6])
    event = ObjectWritten("e", datetime(2026, 11, 24, tzinfo=UTC), ObjectRef("local", str(desk.landed), "a.parquet"))
    first = desk.run(event)
    waiting = desk.topic.waiting()
    (desk.landed / "a.parquet").unlink()
    assert desk.run(event) == first
    assert desk.topic.waiting() == waiting


def test_an_object_of_no_data_set_is_refused(desk: Desk, tmp_path: Path) -> None:
    """It is acknowledged with a sentence, not tried for ever."""
    event = ObjectWritten("e", datetime(2026, 11, 24, tzinfo=UTC), ObjectRef("local", str(tmp_path), "other.parquet"))
    with pytest.raises(BadPayload, match="lies in none of the 1 configured data sets"):
        desk.run(event)


def test_repeated_rows_of_a_configured_key_are_a_breach(tmp_path: Path, clock: FixedClock) -> None:
    """A data set with a key tells of rows that repeat it, from the first file on and when one cannot be read."""
    desk = Desk(tmp_path, clock, CONFIGURATION.replace("    columns", "    key: [score]\n    columns"))
    verdicts = [
        finding(desk.land(name, values), "drift.duplicates").verdict
        for name, values in (("a", [0.5, 0.6]), ("b", [0.5, 0.5, 0.6]), ("c", b"cut"), ("d", [0.6, 0.5]))
    ]
    assert verdicts == [Verdict.OK, Verdict.BREACH, Verdict.UNKNOWN, Verdict.OK]
