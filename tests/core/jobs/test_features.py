"""The job features: counted in and out, each cloud by itself, and nothing lost when a run dies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope import records
from nephoscope.adapters.files.feature_places import place_of
from nephoscope.adapters.files.feature_tables import FeatureFiles
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.adapters.online.sqlite import SqliteOnlineStore
from nephoscope.errors import Transient
from nephoscope.events import ObjectRef, ObjectWritten, TimerFired, stable_id
from nephoscope.features.columns import Numbers
from nephoscope.features.counts import Counted
from nephoscope.features.decode import decoded
from nephoscope.features.keys import entity_keys
from nephoscope.features.plan import Window
from nephoscope.features.rows import Rows, Stored, Written
from nephoscope.features.value_types import ValueType
from nephoscope.features.view import Source, View
from nephoscope.features.watermark import Watermark
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs import features
from nephoscope.jobs.feature_progress import Progress, ViewProgress
from nephoscope.jobs.feature_sync import FeatureCloud
from nephoscope.outbox import Outbox, run_id
from nephoscope.ports import Version
from nephoscope.report import Report, to_cloudevents
from nephoscope.settings import Features
from pyarrow import fs

VIEW = View("users", {"id": 4}, {"age": 4}, Source("users.parquet", "", "at", "created"), ttl=timedelta(days=30))
MINUTE = timedelta(minutes=1)


@dataclass
class Bench:
    """Two clouds, one file, and what runs on them."""

    folder: Path
    clock: FixedClock
    settings: Features
    clouds: dict[str, FeatureCloud]
    outbox: Outbox
    view: View = VIEW
    runs: int = 0

    def compute(self, rows: Iterable[tuple[int | None, int, datetime | None]], *, groups: int = 10_000) -> None:
        """Write the view's file: id, age, event time; created in the order of the rows."""
        ids, ages, times = zip(*rows, strict=True)
        zone = "UTC" if any(at is not None and at.tzinfo for at in times) else None
        created = [self.clock.now() + timedelta(seconds=number) for number in range(len(ids))]
        table = pa.table(
            {
                "id": pa.array(ids, pa.int64()),
                "age": pa.array(ages, pa.int64()),
                "at": pa.array(times, pa.timestamp("us", zone)),
                "created": pa.array(created, pa.timestamp("us", "UTC")),
            }
        )
        pq.write_table(table, self.folder / "users.parquet", row_group_size=groups)

    def part(self, name: str, rows: Mapping[int, int], minutes: float) -> ObjectWritten:
        """Land a file in the view's folder: ages by id, all of one time before now."""
        self.view = replace(VIEW, source=Source("users", "", "at"))
        path = self.folder / "users" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        at = pa.array([self.ago(minutes)] * len(rows), pa.timestamp("us", "UTC"))
        pq.write_table(pa.table({"id": list(rows), "age": list(rows.values()), "at": at}), path)
        return self.landing(name)

    def landing(self, name: str) -> ObjectWritten:
        """What happens when a file of the view's folder was written."""
        return ObjectWritten(
            stable_id(name, str(self.runs)), self.clock.now(), ObjectRef("local", str(self.folder / "users"), name)
        )

    def ago(self, minutes: float) -> datetime:
        """A time before now."""
        return self.clock.now() - minutes * MINUTE

    def run(self, event: TimerFired | ObjectWritten | None = None, **clouds: FeatureCloud) -> Report:
        """Let a timer fire, or something else happen."""
        self.runs += 1
        fired = TimerFired(stable_id("slot", str(self.runs)), self.clock.now(), "features")
        return features.run(
            event or fired,
            clouds=clouds or self.clouds,
            views=(self.view,),
            outbox=self.outbox,
            clock=self.clock,
            settings=self.settings,
            landed=("users",) if isinstance(event, ObjectWritten) else (),
        )

    def ages(self, cloud: str, *ids: int) -> list[int | None]:
        """What a cloud's store holds."""
        present = pa.array([True] * len(ids)).to_numpy(zero_copy_only=False)
        numbers = Numbers(pa.array(ids, pa.int64()).to_numpy(), present)
        keys = entity_keys({"id": (ValueType.INT64, numbers)}).rows()
        stored = self.clouds[cloud].store.read(VIEW, keys)
        return [None if row is None else decoded(row.values["age"])[1] for row in stored]

    def mark(self, cloud: str) -> datetime | None:
        """A cloud's watermark."""
        known = ViewProgress(self.clouds[cloud].state, "shop", cloud, self.view).read().watermark
        return None if known is None else known.until


@pytest.fixture
def bench(tmp_path: Path, clock: FixedClock) -> Bench:
    """Two SQLite stores that stand for two clouds."""
    tables = FeatureFiles(lambda view: place_of(view, tmp_path, azure=fs.LocalFileSystem), batch_rows=7)
    clouds = {
        name: FeatureCloud(
            SqliteState(tmp_path / f"{name}.db"), tables, SqliteOnlineStore(tmp_path / f"{name}-online.db", "shop")
        )
        for name in ("aws", "gcp")
    }
    topic = SqliteTopic(tmp_path / "topic.db", clock=clock)
    outbox = Outbox(SqliteState(tmp_path / "ledger.db"), topic, clock, "local")
    return Bench(tmp_path, clock, Features(project="shop"), clouds, outbox)


def found(report: Report, check: str) -> dict[str, Finding]:
    """A check's Findings, by cloud."""
    return {each.labels.get("cloud", ""): each for each in report.findings if each.check == f"features.{check}"}


def test_rows_reach_every_cloud_and_are_counted(bench: Bench) -> None:
    """What was computed is in every store, the counts meet, and parity and freshness are proven in the same Report."""
    bench.compute([(1, 41, bench.ago(5)), (2, 42, bench.ago(4)), (1, 40, bench.ago(9))])
    report = bench.run()
    assert (bench.ages("aws", 1, 2, 3), bench.ages("gcp", 1, 2, 3)) == ([41, 42, None], [41, 42, None])
    assert {"read": 3, "written": 2, "superseded": 1, "older": 0}.items() <= found(report, "sync")[
        "aws"
    ].evidence.items()
    assert report.verdict is Verdict.OK
    assert found(report, "parity")[""].evidence["keys"] == 2
    assert found(report, "freshness")["gcp"].value == 240
    assert str(report.coverage) == "2 of 2 sources answered"


def test_a_second_run_reads_only_what_is_new(bench: Bench) -> None:
    """A run goes on from the watermark, and a little before it for rows that arrive late."""
    bench.compute([(1, 41, bench.ago(120)), (2, 42, bench.ago(30))])
    bench.run()
    bench.clock.at += 60 * MINUTE
    bench.compute([(1, 41, bench.ago(180)), (2, 42, bench.ago(90)), (3, 43, bench.ago(61)), (4, 44, bench.ago(1))])
    report = bench.run()
    assert found(report, "sync")["aws"].evidence["read"] == 3  # one is late by a minute, one was read before
    assert bench.ages("aws", 3, 4) == [43, 44]


def test_a_file_that_landed_is_read_whole(bench: Bench) -> None:
    """Rows that are older than the watermark arrive when their file lands."""
    bench.compute([(1, 41, bench.ago(1))])
    bench.run()
    bench.compute([(1, 41, bench.ago(1)), (2, 42, bench.ago(60 * 24 * 7))])
    landed = ObjectRef("local", str(bench.folder), "users.parquet", "2")
    bench.run(ObjectWritten("landed", bench.clock.now(), landed))
    assert bench.ages("gcp", 1, 2) == [41, 42]


def test_a_file_of_a_folder_that_lands_first_brings_its_neighbours(bench: Bench) -> None:
    """The first sync of a view reads its whole folder, whichever file of it woke the job."""
    bench.part("a.parquet", {1: 41, 2: 42}, minutes=60 * 72)
    bench.run(bench.part("b.parquet", {3: 43}, minutes=60 * 48))
    assert bench.ages("aws", 1, 2, 3) == [41, 42, 43]
    assert bench.mark("aws") == bench.clock.now()


def test_a_file_that_landed_is_no_proof_of_its_neighbours(bench: Bench) -> None:
    """What a store refused when its file landed is written by the next timer, though another file landed since."""
    bench.run(bench.part("a.parquet", {1: 41}, minutes=5))
    first = bench.mark("aws")
    bench.clock.at += 120 * MINUTE
    bench.run(bench.part("b.parquet", {2: 42}, minutes=90), aws=replace(bench.clouds["aws"], store=_Silent()))
    bench.clock.at += 240 * MINUTE
    assert bench.run(bench.part("c.parquet", {3: 43}, minutes=60)).verdict is Verdict.OK
    assert (bench.ages("aws", 1, 2, 3), bench.mark("aws")) == ([41, None, 43], first)
    bench.clock.at += 15 * MINUTE
    bench.run()
    assert (bench.ages("aws", 1, 2, 3), bench.mark("aws")) == ([41, 42, 43], bench.clock.now())


@pytest.mark.parametrize("name", ["_SUCCESS", "_temporary/0/b.parquet", ".b.parquet.crc", "day=2/.b.parquet", "b.csv"])
def test_what_is_no_part_of_a_folder_changes_nothing(bench: Bench, name: str) -> None:
    """A mark of the writer's and a part that is not committed hold no rows, on landing and on a timer."""
    bench.run(bench.part("a.parquet", {1: 41}, minutes=5))
    bench.clock.at += MINUTE
    finding = found(bench.run(bench.part(name, {1: 99, 2: 42}, minutes=1)), "sync")["aws"]
    assert (finding.verdict, f"'{name}' is no part" in finding.reason) == (Verdict.OK, True)
    bench.clock.at += MINUTE
    assert bench.run().verdict is Verdict.OK
    assert bench.ages("aws", 1, 2) == [41, None]


@pytest.mark.parametrize(
    "changed",
    [
        replace(VIEW, features={"age": 4, "city": 4}),
        replace(VIEW, join_keys={"id": 4, "city": 4}),
        replace(VIEW, features={"age": 3}),
        replace(VIEW, source=replace(VIEW.source, uri="cities.parquet")),
    ],
)
def test_a_view_that_is_described_anew_is_read_whole(bench: Bench, changed: View) -> None:
    """Where a view has got other keys, features or another source, nothing is fresh before all of it was synced."""
    bench.compute([(1, 41, bench.ago(180)), (2, 42, bench.ago(120))])
    bench.run()
    table = pq.read_table(bench.folder / "users.parquet")
    cities = table.append_column("city", pa.array([7, 8]))
    for file in ("users.parquet", "cities.parquet"):
        pq.write_table(cities, bench.folder / file)
    bench.clock.at += MINUTE
    bench.view = changed
    assert bench.mark("aws") is None
    (unseen, _) = features.look_at_all(bench.clouds, [changed], bench.settings)
    assert "as it is now" in unseen.silent
    assert found(bench.run(), "sync")["aws"].evidence["read"] == 2
    assert bench.mark("aws") == bench.clock.now()


def test_a_source_that_is_configured_anew_is_read_whole(bench: Bench) -> None:
    """A cloud that reads a view from another place than before reads all of it; the other clouds go on."""
    bench.compute([(1, 41, bench.ago(180))])
    bench.run()
    bench.clock.at += MINUTE
    bench.settings = Features(project="shop", sources={"aws": {"users": "s3://computed/users.parquet"}})
    steps = features.planned(bench.clouds, [VIEW], bench.clock.now(), bench.settings)
    assert {step.cloud: step.since is None for step in steps} == {"aws": True, "gcp": False}


def test_a_record_from_before_descriptions_were_kept_goes_on(bench: Bench) -> None:
    """An upgrade reads nothing twice: a record that tells no description is taken for this one's, and tells it then."""
    mark = Watermark(bench.clock.now(), 1, bench.clock.now())
    progress = ViewProgress(bench.clouds["aws"].state, "shop", "aws", VIEW)
    records.change(progress.state, "features/shop/aws/users.json", Progress, lambda _: Progress(mark))
    assert progress.read().watermark == mark
    bench.clock.at += 120 * MINUTE
    bench.compute([(1, 41, bench.ago(240)), (2, 42, bench.ago(1))])
    assert found(bench.run(), "sync")["aws"].evidence["read"] == 1
    assert progress.read().view == VIEW.digest


def test_rows_that_only_feast_can_compute_are_not_taken_from_the_source(bench: Bench) -> None:
    """A view with a transformation is unknown where nothing computes it, and no raw row of it is written."""
    bench.compute([(1, 41, bench.ago(5))])
    bench.clouds["aws"].store.prepare(VIEW)
    bench.view = replace(VIEW, transformed=True)
    finding = found(bench.run(), "sync")["aws"]
    assert (finding.verdict, "Feast has to compute it" in finding.reason) == (Verdict.UNKNOWN, True)
    assert (bench.ages("aws", 1), bench.mark("aws")) == ([None], None)


@pytest.mark.parametrize(("trusted", "verdict", "ages"), [(False, Verdict.UNKNOWN, [None]), (True, Verdict.OK, [82])])
def test_stored_code_computes_a_view_where_it_is_trusted(
    bench: Bench, trusted: bool, verdict: Verdict, ages: list[int | None]
) -> None:
    """An engine that may not run the view's code would write what the source holds: it is not asked."""
    bench.compute([(1, 41, bench.ago(5))])
    bench.clouds["aws"].store.prepare(VIEW)
    bench.view = replace(VIEW, transformed=True, coded=True)
    bench.settings = Features(project="shop", trusted=trusted)
    engine = _Doubling(bench)
    report = bench.run(aws=replace(bench.clouds["aws"], engines={"users": engine}))
    assert found(report, "sync")["aws"].verdict is verdict
    assert bench.ages("aws", 1) == ages


def test_one_cloud_that_fails_does_not_keep_the_others_back(bench: Bench) -> None:
    """A store that does not answer is unknown with its reason, keeps its own watermark, and catches up by itself."""
    bench.compute([(1, 41, bench.ago(5))])
    dead = replace(bench.clouds["aws"], store=_Silent())
    report = bench.run(aws=dead, gcp=bench.clouds["gcp"])
    for check in ("sync", "freshness", "parity"):
        assert found(report, check)["aws"].verdict is Verdict.UNKNOWN
    assert "connection refused" in found(report, "sync")["aws"].reason
    assert found(report, "sync")["gcp"].verdict is Verdict.OK
    assert (bench.mark("aws"), bench.mark("gcp")) == (None, bench.clock.now())
    assert str(report.coverage) == "1 of 2 sources answered (missing: aws)"

    assert bench.run().verdict is Verdict.OK
    assert bench.ages("aws", 1) == [41]


def test_the_mark_stays_where_the_counts_do_not_meet(bench: Bench) -> None:
    """A store that loses rows without a word is found out, and the next run reads the same window again."""
    bench.compute([(number, number, bench.ago(5)) for number in range(20)])
    losing = replace(bench.clouds["aws"], store=_Losing(bench.clouds["aws"].store))
    finding = found(bench.run(aws=losing), "sync")["aws"]
    assert (finding.verdict, "3 not accounted for" in finding.reason) == (Verdict.UNKNOWN, True)
    assert bench.mark("aws") is None


def test_a_run_that_dies_is_continued(bench: Bench) -> None:
    """Whatever a run had written when it died, the next one completes it."""
    bench.compute([(number, number, bench.ago(5)) for number in range(20)])
    dying = replace(bench.clouds["aws"], store=_Dying(bench.clouds["aws"].store))
    with pytest.raises(KeyboardInterrupt):
        bench.run(aws=dying)
    assert (bench.mark("aws"), None in bench.ages("aws", *range(20))) == (None, True)
    assert bench.run().verdict is Verdict.OK
    assert bench.ages("aws", *range(20)) == list(range(20))


def test_a_redelivered_event_writes_and_tells_once(bench: Bench) -> None:
    """The same Event again gives the same Report, and nothing is read anew."""
    bench.compute([(1, 41, bench.ago(5))])
    event = TimerFired("slot", bench.clock.now(), "features")
    first = bench.run(event)
    bench.compute([(1, 99, bench.ago(4))])
    assert bench.run(event) == first
    assert bench.ages("aws", 1) == [41]


def test_two_runs_do_not_meet_in_a_store_that_cannot_compare_and_write(bench: Bench) -> None:
    """There a run holds a lease on the view; another one leaves it, and takes over what a dead one left behind."""
    bench.compute([(1, 41, bench.ago(5))])
    careful = replace(bench.clouds["aws"], store=_Lent(bench.clouds["aws"].store))
    progress = ViewProgress(careful.state, "shop", "aws", VIEW)
    assert progress.claim("somebody", bench.clock.now(), 15 * MINUTE)
    finding = found(bench.run(aws=careful), "sync")["aws"]
    assert (finding.verdict, "Another run" in finding.reason) == (Verdict.UNKNOWN, True)
    bench.clock.at += 16 * MINUTE
    assert found(bench.run(aws=careful), "sync")["aws"].verdict is Verdict.OK
    assert progress.read().lease is None


def test_a_redelivery_does_not_share_a_lease(bench: Bench) -> None:
    """There the same Event that is delivered twice at once is two runs: one writes, the other lets go of nothing."""
    bench.compute([(number, number, bench.ago(5)) for number in range(20)])
    cloud, event = bench.clouds["aws"], TimerFired("slot", bench.clock.now(), "features")
    again: list[Finding] = []

    def redeliver() -> None:
        if not again:
            again.append(found(bench.run(event, aws=replace(cloud, store=_Lent(cloud.store))), "sync")["aws"])

    seen = replace(cloud, store=_Interrupted(cloud.store, redeliver))
    (finding,) = features.sync_all(run_id(event, features.JOB), {"aws": seen}, [VIEW], bench.clock, bench.settings)
    assert (again[0].verdict, "Another run" in again[0].reason) == (Verdict.UNKNOWN, True)
    assert finding.verdict is Verdict.OK


def test_a_slow_run_that_was_overtaken_stops(bench: Bench) -> None:
    """There a run that took longer than its lease writes no further batch once another run took the view over."""
    bench.compute([(number, number, bench.ago(5)) for number in range(20)])
    cloud = bench.clouds["aws"]
    progress = ViewProgress(cloud.state, "shop", "aws", VIEW)

    def freeze() -> None:
        bench.clock.at += 16 * MINUTE
        assert progress.claim("somebody", bench.clock.now(), 15 * MINUTE)

    finding = found(bench.run(aws=replace(cloud, store=_Interrupted(cloud.store, freeze))), "sync")["aws"]
    assert (finding.verdict, "Another run" in finding.reason) == (Verdict.UNKNOWN, True)
    assert bench.ages("aws", *range(20)).count(None) == 13
    held = progress.read()
    assert (held.watermark, held.lease and held.lease.owner) == (None, "somebody")


def test_a_slow_run_that_nobody_overtook_keeps_its_lease(bench: Bench) -> None:
    """There a run may take longer than its lease: with each batch it holds the view anew."""
    bench.compute([(number, number, bench.ago(5)) for number in range(20)])
    cloud = bench.clouds["aws"]
    progress = ViewProgress(cloud.state, "shop", "aws", VIEW)

    def wait() -> None:
        bench.clock.at += 10 * MINUTE
        assert not progress.claim("somebody", bench.clock.now(), 15 * MINUTE)

    slow = replace(cloud, store=_Interrupted(cloud.store, wait))
    assert found(bench.run(aws=slow), "sync")["aws"].verdict is Verdict.OK
    assert None not in bench.ages("aws", *range(20))


def test_a_run_that_failed_keeps_no_other_waiting(bench: Bench) -> None:
    """There a run whose store does not answer lets go of the view, and the next one need not wait for its lease."""
    bench.compute([(1, 41, bench.ago(5))])
    cloud = bench.clouds["aws"]
    assert "connection refused" in found(bench.run(aws=replace(cloud, store=_Away())), "sync")["aws"].reason
    assert found(bench.run(aws=replace(cloud, store=_Lent(cloud.store))), "sync")["aws"].verdict is Verdict.OK


def test_a_cloud_whose_records_do_not_answer_keeps_no_other_back(bench: Bench) -> None:
    """Where nobody can tell how far a cloud was synced, it is unknown with its reason; the other clouds go on."""
    bench.compute([(1, 41, bench.ago(5))])
    lost = replace(bench.clouds["aws"], state=_Forgetful())
    report = bench.run(aws=lost, gcp=bench.clouds["gcp"])
    for check in ("sync", "freshness", "parity"):
        finding = found(report, check)["aws"]
        assert (finding.verdict, "bucket is away" in finding.reason) == (Verdict.UNKNOWN, True)
    assert found(report, "sync")["gcp"].verdict is Verdict.OK
    assert bench.ages("gcp", 1) == [41]
    steps = features.planned({"aws": lost}, [VIEW], bench.clock.now(), bench.settings)
    assert [(step.window, "bucket is away" in step.reason) for step in steps] == [(None, True)]


@pytest.mark.parametrize("groups", [1, 3, 1000])
def test_no_row_of_a_chunked_table_is_lost(bench: Bench, groups: int) -> None:
    """However a file is divided into groups and batches, every row arrives; Feast converts only the first piece."""
    bench.compute([(number, number, bench.ago(5)) for number in range(100)], groups=groups)
    report = bench.run()
    assert found(report, "sync")["aws"].evidence["written"] == 100
    assert bench.ages("aws", *range(100)) == list(range(100))


def test_rows_that_cannot_be_stored_are_told(bench: Bench) -> None:
    """A row without a key or a time is a breach that is counted; the others are written."""
    bench.compute([(1, 41, bench.ago(5)), (None, 1, bench.ago(5)), (2, 42, None)])
    finding = found(bench.run(), "sync")["aws"]
    assert (finding.verdict, finding.value) == (Verdict.BREACH, 2)
    assert bench.ages("aws", 1, 2) == [41, None]


def test_of_equal_times_the_row_that_was_created_last_wins(bench: Bench) -> None:
    """A correction that was computed later than its first version stands, in whatever order the rows lie."""
    at = bench.ago(5)
    bench.compute([(1, 40, at), (1, 41, at), (1, 39, at - MINUTE)])
    bench.run()
    assert bench.ages("aws", 1) == [41]


def test_zones_are_one_instant(bench: Bench) -> None:
    """A time without a zone is UTC; one in another zone is the same instant."""
    bench.compute([(1, 41, bench.ago(5).replace(tzinfo=None))])
    bench.run()
    bench.clock.at += MINUTE
    zoned = bench.ago(5).astimezone(timezone(timedelta(hours=9)))
    bench.compute([(2, 42, zoned)])
    bench.run()
    assert bench.ages("aws", 1, 2) == [41, 42]


def test_what_the_ttl_lets_go_is_not_written_first(bench: Bench) -> None:
    """A first sync begins a TTL ago: what could not be served any more is left out."""
    bench.compute([(1, 41, bench.ago(5)), (2, 42, bench.clock.now() - VIEW.ttl - MINUTE)])
    bench.run()
    assert bench.ages("aws", 1, 2) == [41, None]


def test_a_cloud_that_is_added_later_is_in_step(bench: Bench) -> None:
    """Rows that were too old when a cloud was added are in the older cloud alone, and break parity in no later run."""
    old = [(number, number, bench.ago(5)) for number in range(10)]
    bench.compute(old)
    bench.run(aws=bench.clouds["aws"])
    bench.clock.at += 5 * VIEW.ttl
    bench.compute([*old, *((number, number, bench.ago(5)) for number in range(10, 20))])
    for _ in range(2):
        bench.clock.at += 15 * MINUTE
        finding = found(bench.run(), "parity")[""]
        assert (finding.verdict, finding.evidence["keys"], finding.evidence["aged"]) == (Verdict.OK, 10, 10)


def test_a_longer_ttl_brings_what_was_left_out(bench: Bench) -> None:
    """A row that was too old for the first sync is written once the view's TTL lets it be served."""
    bench.compute([(1, 41, bench.ago(5)), (2, 42, bench.clock.now() - VIEW.ttl - MINUTE)])
    bench.run()
    bench.clock.at += 15 * MINUTE
    bench.view = replace(VIEW, ttl=2 * VIEW.ttl)
    assert found(bench.run(), "sync")["aws"].evidence["read"] == 2
    assert bench.ages("aws", 1, 2) == [41, 42]
    bench.clock.at += 120 * MINUTE
    assert found(bench.run(), "sync")["aws"].evidence["read"] == 1  # the row that lies within `late`


def test_what_a_landed_file_holds_and_is_not_written_is_told(bench: Bench) -> None:
    """Rows that are older than the TTL or later than now are counted as left out; those of the future come in time."""
    bench.run(bench.part("a.parquet", {1: 41}, minutes=5))
    bench.part("b.parquet", {2: 42}, minutes=(VIEW.ttl + MINUTE) / MINUTE)
    finding = found(bench.run(bench.landing("b.parquet")), "sync")["aws"]
    assert (finding.evidence["read"], finding.evidence["outside"]) == (0, 1)
    assert "1 left out" in finding.reason
    finding = found(bench.run(bench.part("c.parquet", {3: 43}, minutes=-60)), "sync")["aws"]
    assert (finding.evidence["outside"], bench.ages("aws", 2, 3)) == (1, [None, None])
    bench.clock.at += 90 * MINUTE
    assert "left out" not in found(bench.run(), "sync")["aws"].reason
    assert bench.ages("aws", 2, 3) == [None, 43]


def test_a_store_that_was_changed_behind_our_back_is_found_out(bench: Bench) -> None:
    """A value that differs in one cloud, and a row that is gone, break parity."""
    bench.compute([(number, number, bench.ago(5)) for number in range(10)])
    bench.run()
    bench.clock.at += 120 * MINUTE
    bench.run()
    with bench.clouds["gcp"].store._database.transaction() as connection:  # type: ignore[attr-defined]
        connection.execute("DELETE FROM shop_users WHERE rowid = 3")
        connection.execute("UPDATE shop_users SET value = X'2001' WHERE rowid = 4")
    bench.clock.at += 2 * MINUTE
    finding = found(bench.run(), "parity")[""]
    assert (finding.verdict, finding.value) == (Verdict.BREACH, 0.2)
    assert {"missing_gcp": 1, "other_values": 1}.items() <= finding.evidence.items()


def test_keys_are_drawn_anew_without_reading_features(bench: Bench) -> None:
    """A comparison that draws its keys from the source reads keys and times of it, whatever else it holds."""
    bench.compute([(number, number, bench.ago(5)) for number in range(20)])
    bench.run()
    mapped = replace(VIEW, features={"age": 20})  # a MAP, which no encoder is here for
    looks = features.draw_and_look(bench.clouds, [mapped], bench.clock.now(), 5)
    assert [(seen.silent, len(seen.keys), None in seen.stored) for seen in looks] == [("", 5, False)] * 2


def test_a_source_that_no_key_can_be_drawn_from_is_unknown(bench: Bench) -> None:
    """A view whose source is not there is unknown with its reason; the other views are compared all the same."""
    bench.compute([(1, 41, bench.ago(5))])
    bench.run()
    gone = replace(VIEW, name="gone", source=replace(VIEW.source, uri="gone.parquet"))
    looks = features.draw_and_look(bench.clouds, [gone, VIEW], bench.clock.now(), 5)
    assert {(seen.view, "gone.parquet" in seen.silent) for seen in looks} == {("gone", True), ("users", False)}
    assert [seen.stored.count(None) for seen in looks if seen.view == "users"] == [0, 0]


def test_a_file_without_rows_is_in_step(bench: Bench) -> None:
    """Nothing was computed: nothing is written, the watermark moves, and what is not there is not fresh."""
    bench.compute([(1, 41, bench.ago(5))])
    pq.write_table(pq.read_table(bench.folder / "users.parquet").slice(0, 0), bench.folder / "users.parquet")
    report = bench.run()
    assert (found(report, "sync")["aws"].verdict, bench.mark("aws")) == (Verdict.OK, bench.clock.now())
    assert found(report, "freshness")["aws"].verdict is Verdict.UNKNOWN


def test_a_missing_file_is_unknown(bench: Bench) -> None:
    """A source that is not there is said so, and no store is taken for fresh."""
    report = bench.run()
    assert {each.verdict for each in report.findings} == {Verdict.UNKNOWN}
    assert "users.parquet" in found(report, "sync")["aws"].reason


def test_a_report_of_a_large_sample_travels(bench: Bench) -> None:
    """However many keys the configuration samples, a Report carries what it has room for."""
    bench.settings = Features(project="shop", sample=100_000)
    bench.compute([(number, number, bench.ago(5)) for number in range(3000)])
    report = bench.run()
    assert all(len(part) <= 60 * 1024 for part in to_cloudevents(report))
    assert found(report, "parity")[""].evidence["keys"] > 300


class _Silent:
    """A store that does not answer."""

    atomic = True
    batch_rows = 0

    def prepare(self, view: View) -> None:
        raise Transient("connection refused")

    def write(self, view: View, rows: Rows) -> Written:
        raise Transient("connection refused")

    def read(self, view: View, keys: Any) -> list[Stored | None]:
        raise Transient("connection refused")


class _Through:
    """Another store."""

    atomic = True
    batch_rows = 0

    def __init__(self, real: Any) -> None:
        self.real = real

    def prepare(self, view: View) -> None:
        self.real.prepare(view)

    def read(self, view: View, keys: Any) -> list[Stored | None]:
        return self.real.read(view, keys)

    def write(self, view: View, rows: Rows) -> Written:
        return self.real.write(view, rows)


class _Losing(_Through):
    """A store that takes a batch and loses a row of it."""

    def write(self, view: View, rows: Rows) -> Written:
        return self.real.write(view, rows.take(pa.array(range(1, len(rows))).to_numpy()))


class _Dying(_Through):
    """A store whose process is ended in the second batch."""

    calls = 0

    def write(self, view: View, rows: Rows) -> Written:
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return self.real.write(view, rows)


class _Lent(_Through):
    """A store that cannot compare and write in one step."""

    atomic = False


class _Interrupted(_Lent):
    """One in which something happens after each batch."""

    def __init__(self, real: Any, meanwhile: Callable[[], None]) -> None:
        super().__init__(real)
        self.meanwhile = meanwhile

    def write(self, view: View, rows: Rows) -> Written:
        written = super().write(view, rows)
        self.meanwhile()
        return written


class _Doubling:
    """An engine that computes what the source does not hold: ages times two."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def materialize(self, view: View, window: Window) -> tuple[Counted, Written, list[bytes]]:
        table = pq.read_table(self.bench.folder / "users.parquet").to_pylist()
        self.bench.compute([(row["id"], 2 * row["age"], row["at"]) for row in table])
        cloud = self.bench.clouds["aws"]
        reading = cloud.tables.read(view, window)
        (rows,) = reading.batches
        return reading.counted, cloud.store.write(view, rows), rows.keys.rows()


class _Away(_Silent):
    """One that does not answer."""

    atomic = False


class _Forgetful:
    """Records that do not answer."""

    def get(self, key: str) -> tuple[bytes, Version] | None:
        raise Transient("the bucket is away")

    create = replace = list = get  # type: ignore[assignment]
