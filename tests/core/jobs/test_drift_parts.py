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
from nephoscope.drift.profile import Profile, merge, to_json
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

    def land(
        self, key: str, content: pa.Table | bytes, *, minutes: int = 0, tables: FileTables | None = None
    ) -> Report:
        """Let an object land and run the job for it."""
        path = self.place / key
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)
        table = ObjectRef("local", str(self.place), key, str(minutes))
        event = ObjectWritten(stable_id(key, str(minutes)), START + timedelta(minutes=minutes), table)
        return drift.run(event, tables=tables or FileTables(), **self.ports)

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


@pytest.fixture
def named(tmp_path: Path) -> Landing:
    """The job, whose configuration names a baseline that is not there."""
    found = Landing(tmp_path)
    text = CONFIGURATION.replace("    parts:", "    baseline: baseline.json\n    parts:")
    (tmp_path / "nephoscope.yaml").write_text(text, encoding="utf-8")
    found.ports["settings"] = settings.load(tmp_path / "nephoscope.yaml")
    return found


@pytest.mark.parametrize("ending", ["a marker", "a quiet period"])
@pytest.mark.parametrize(
    ("content", "why"), [(None, "There is no file"), (b"", "has 0 bytes")], ids=["missing", "empty"]
)
def test_a_configured_baseline_that_cannot_be_read_is_told_of(
    named: Landing, tmp_path: Path, content: bytes | None, why: str, ending: str
) -> None:
    """The folder is unknown and says what is wrong with the baseline; once that is mended the next one is judged."""
    baseline = tmp_path / "baseline.json"
    if content is not None:
        baseline.write_bytes(content)
    for part in range(2):
        named.land(f"one/part-{part}.parquet", rows(part + 1, 1_500))
    blind = named.land("one/_SUCCESS", b"", minutes=1) if ending == "a marker" else named.quiet(15)[0]
    assert {one.verdict for one in blind.findings} == {Verdict.UNKNOWN}
    reason = finding(blind, "drift.table", "scores").reason
    assert "The configured baseline of 'scores'" in reason
    assert why in reason
    assert named.quiet(60) == []

    pq.write_table(rows(0, 3_000), tmp_path / "table.parquet")
    baseline.write_bytes(to_json(FileTables().profile(ObjectRef("local", str(tmp_path), "table.parquet"))))
    named.land("two/part-0.parquet", rows(3, 3_000, shift=0.5), minutes=60)
    judged = named.land("two/_SUCCESS", b"", minutes=61)
    assert finding(judged, "drift.default", "scores/score").verdict is Verdict.BREACH
    assert [told.id for told in named.told()] == [blind.id, judged.id]


def test_a_baseline_whose_store_does_not_answer_is_asked_for_again(named: Landing) -> None:
    """Nothing is kept of a part then: it is delivered again, and judged when the store answers."""

    class Silent(FileTables):
        def profile(self, table: ObjectRef, **_: object) -> Profile:
            raise Transient(f"{table.url}: 503")

    with pytest.raises(Transient, match=r"baseline\.json: 503"):
        named.land("day/part-0.parquet", rows(1, 3_000), tables=Silent())
    assert list(named.state.list("parts/")) == []


def test_a_baseline_that_the_store_has_lost_is_told_of(landing: Landing) -> None:
    """A version that counts and is not there leaves every table unknown, whole, in parts or after a quiet period."""
    landing.land("one/part-0.parquet", rows(1, 3_000))

    class Lossy(SqliteState):
        def get(self, key: str) -> tuple[bytes, Version] | None:
            return None if "/versions/" in key else super().get(key)

    landing.ports["baselines"] = StoredBaselines(Lossy(landing.place.parent / "jobs.db"), FixedClock(START))
    landing.land("two/part-0.parquet", rows(1, 3_000))
    reports = [landing.land("one/_SUCCESS", b"", minutes=1), *landing.quiet(20)]
    assert [report.verdict for report in reports] == [Verdict.UNKNOWN] * 2
    assert all("has no Baseline version" in finding(one, "drift.table", "scores").reason for one in reports)


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


def test_a_folder_is_held_against_a_folder_of_the_baseline(tmp_path: Path) -> None:
    """A Baseline that was merged of ten parts is as many rows as the next ten parts together."""
    found = Landing(tmp_path)
    made: list[Profile] = []
    for part in range(10):
        pq.write_table(rows(part, 100), tmp_path / f"part-{part}.parquet")
        table = ObjectRef("local", str(tmp_path), f"part-{part}.parquet")
        made.append(FileTables().profile(table, like=made[0] if made else None))
    found.ports["baselines"].promote("scores", merge(*made))
    for part in range(10):
        found.land(f"day/part-{part}.parquet", rows(part, 100))
    usual = finding(found.land("day/_SUCCESS", b"", minutes=1), "drift.rows", "scores")
    assert (usual.verdict, usual.value) == (Verdict.OK, 1.0)


def test_parts_are_held_against_the_part_that_the_baseline_is(tmp_path: Path) -> None:
    """Where no Baseline is named the first part is it, of how many nobody knows: rows are held part against part."""
    found = Landing(tmp_path)
    for day in ("one", "two"):
        for part in range(10):
            found.land(f"{day}/part-{part}.parquet", rows(part, 100))
        usual = finding(found.land(f"{day}/_SUCCESS", b"", minutes=1), "drift.rows", "scores")
        assert (usual.verdict, usual.value) == (Verdict.OK, 1.0)
        assert "in each of 10 parts" in usual.reason


def test_a_baseline_that_is_promoted_while_parts_land_asks_for_them_anew(landing: Landing, tmp_path: Path) -> None:
    """Parts over two Baselines' bins are unknown, with an advice that mends it: once they land anew all is judged."""
    landing.land("day/part-0.parquet", rows(1, 1_500))
    pq.write_table(rows(9, 3_000), tmp_path / "other.parquet")
    landing.ports["baselines"].promote(
        "scores", FileTables().profile(ObjectRef("local", str(tmp_path), "other.parquet"))
    )
    landing.land("day/part-1.parquet", rows(2, 1_500))
    mixed = landing.land("day/_SUCCESS", b"", minutes=1)
    assert {one.verdict for one in mixed.findings} == {Verdict.UNKNOWN}
    assert "land the parts of 'day/' anew" in finding(mixed, "drift.table", "scores").reason

    for part in range(2):
        landing.land(f"day/part-{part}.parquet", rows(part + 1, 1_500), minutes=2)
    report = landing.land("day/_SUCCESS", b"", minutes=3)
    assert finding(report, "drift.default", "scores/score").verdict is Verdict.OK


def test_a_damaged_record_of_a_part_makes_the_table_unknown(landing: Landing) -> None:
    """The folder's Report says that one of the parts cannot be read, and why."""
    landing.land("day/part-0.parquet", rows(1, 1_500))
    (place,) = [key for key in landing.state.list("parts/scores/") if key.endswith(".profile")]
    landing.state.create(place.replace("~", "~0", 1), b'{"schema":"nephoscope.profile/1","rows":1,"columns":7}')
    report = landing.land("day/_SUCCESS", b"", minutes=1)
    assert {one.verdict for one in report.findings} == {Verdict.UNKNOWN}
    assert "are no Profile" in finding(report, "drift.table", "scores").reason
