"""The laws of plans, watermarks, newest rows, samples, parity and freshness."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.features.code import code_in, without_code
from nephoscope.features.columns import Lists, Numbers, Plain, Texts, stacked
from nephoscope.features.freshness import freshness
from nephoscope.features.newest import newest
from nephoscope.features.parity import Held, Sampled, from_reading, parity, to_reading
from nephoscope.features.plan import Window, plan
from nephoscope.features.ragged import concatenated, ends, joined, of_rows
from nephoscope.features.registry import objects, views
from nephoscope.features.rows import Feature, Rows, Stored, gathered
from nephoscope.features.sample import hashes, merged, smallest
from nephoscope.features.sampled import sampled
from nephoscope.features.shown import shown
from nephoscope.features.smoke import smoke
from nephoscope.features.value_types import ValueType
from nephoscope.features.values import tag, values
from nephoscope.features.varint import encoded
from nephoscope.features.view import WITHOUT_TTL, Source, View
from nephoscope.features.watermark import Watermark, advanced
from nephoscope.findings import Verdict

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
VIEW = View("users", {"id": 4}, {"age": 4}, Source("users.parquet", "", "at"), ttl=timedelta(days=2))
keys = st.lists(st.binary(min_size=1, max_size=40), max_size=60, unique=True)


def test_a_first_sync_reads_what_may_be_served() -> None:
    """Without a watermark a window begins a TTL ago, as Feast's own does; a year ago where the view has none."""
    endless = View("endless", {}, {}, VIEW.source)
    steps = plan([VIEW, endless], {"aws": {}}, NOW)
    assert [step.window for step in steps] == [Window(NOW - VIEW.ttl, NOW), Window(NOW - WITHOUT_TTL, NOW)]


def test_each_cloud_goes_on_from_its_own_watermark() -> None:
    """One cloud's progress is not another's."""
    steps = plan([VIEW], {"aws": {"users": Window(NOW - VIEW.ttl, NOW - HOUR)}, "gcp": {}}, NOW, late=HOUR / 2)
    assert [(step.cloud, step.window and step.window.start) for step in steps] == [
        ("aws", NOW - 1.5 * HOUR),
        ("gcp", NOW - VIEW.ttl),
    ]


def test_a_view_that_is_not_served_is_not_synced() -> None:
    """A step without a window says why."""
    offline = View("offline", {}, {}, VIEW.source, online=False)
    steps = plan([offline, VIEW], {"aws": {"users": Window(NOW - VIEW.ttl, NOW)}}, NOW)
    assert [(step.window, step.reason) for step in steps] == [
        (None, "it is not served online"),
        (None, "nothing is missing"),
    ]


def test_a_file_that_landed_is_read_whatever_the_watermark_says() -> None:
    """A landed file may hold rows of any age that is still served."""
    (step,) = plan([VIEW], {"aws": {"users": Window(NOW - VIEW.ttl, NOW)}}, NOW, landed=["users"])
    assert step.window == Window(NOW - VIEW.ttl, NOW)


def test_a_longer_ttl_opens_the_window_again() -> None:
    """What a sync left out as too old and may now be served is read, once, and whether or not time has gone on."""
    longer = replace(VIEW, ttl=30 * VIEW.ttl)
    for until in (NOW - HOUR, NOW):
        covered = Window(NOW - VIEW.ttl - HOUR, until)
        (step,) = plan([longer], {"aws": {"users": covered}}, NOW, late=HOUR)
        assert (step.window, step.since) == (Window(NOW - longer.ttl, NOW), until)
        mark = Watermark(until, 1, NOW, since=covered.start)
        after = moved(mark, Window(NOW - longer.ttl, NOW), NOW).synced(NOW)
        assert after == Window(NOW - longer.ttl, NOW)
        (step,) = plan([longer], {"aws": {"users": after}}, NOW + HOUR)
        assert step.window == Window(NOW, NOW + HOUR)


def test_a_watermark_of_before_its_beginning_was_kept_reads_nothing_again() -> None:
    """It is presumed to begin where a first sync would; from the next sync on that is kept."""
    first = VIEW.served_from(NOW)
    old = Watermark(NOW - HOUR, 1, NOW)
    assert old.synced(first) == Window(first, NOW - HOUR)
    after = advanced(old, Window(NOW - HOUR, NOW), Watermark(NOW, 1, NOW, since=first))
    assert after is not None
    assert after.since == first


times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
windows = st.tuples(times, times).map(lambda pair: Window(min(pair), max(pair)))


@given(times, st.lists(windows, max_size=8))
def test_a_watermark_never_moves_back_and_never_over_a_gap(start: datetime, synced: list[Window]) -> None:
    """However windows are synced, every instant up to the watermark lies in one of them or before the first mark."""
    mark = Watermark(start, 0, NOW)
    for window in synced:
        before = mark
        mark = moved(mark, window, window.end)
        assert mark.until >= before.until
        assert mark.until == before.until or window.start <= before.until


@given(times, times)
def test_a_part_of_the_files_moves_no_watermark(start: datetime, end: datetime) -> None:
    """What was read of one file alone says when and what was written last, and not that nothing is missing."""
    assert moved(Watermark(start, 0, NOW), None, end) == Watermark(start, 1, NOW)
    assert advanced(None, None, Watermark(end, 1, NOW)) is None


def moved(mark: Watermark, window: Window | None, end: datetime) -> Watermark:
    """The watermark after a sync of one row."""
    found = advanced(mark, window, Watermark(end, 1, NOW))
    assert found is not None
    return found


rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), max_size=30)


@given(rows)
def test_newest_is_the_last_of_a_sorted_table(table: list[tuple[int, int, int]]) -> None:
    """One row for each key, as `drop_duplicates(keep="last")` leaves it after sorting by both times."""
    columns = np.array(table, dtype=np.int64).reshape(-1, 3).T
    expected: dict[int, int] = {}
    for row, (key, event, created) in enumerate(table):
        best = expected.get(key)
        if best is None or (event, created) >= table[best][1:]:
            expected[key] = row
    assert np.flatnonzero(newest([columns[0]], columns[1], columns[2])).tolist() == sorted(expected.values())


@given(keys, keys, st.integers(1, 20))
def test_samples_merge_exactly(first: list[bytes], second: list[bytes], size: int) -> None:
    """The sample of two batches' samples is the sample of both batches."""
    whole = smallest(of_rows([*first, *second]), size)
    assert merged([of_rows(smallest(of_rows(first), size)), of_rows(smallest(of_rows(second), size))], size) == whole


@given(keys)
def test_a_hash_is_the_key_s_own(rows: list[bytes]) -> None:
    """A key's hash does not depend on its neighbours."""
    assert hashes(of_rows(rows)).tolist() == [int(hashes(of_rows([row]))[0]) for row in rows]


@given(st.lists(keys, min_size=1, max_size=3).map(lambda lists: [each[: min(map(len, lists))] for each in lists]))
def test_joined_and_concatenated_are_what_bytes_would_be(columns: list[list[bytes]]) -> None:
    """Columns are joined row by row, and parts are put one after the other, as Python's own bytes are."""
    ragged = [of_rows(column) for column in columns]
    assert joined(ragged).rows() == [b"".join(row) for row in zip(*columns, strict=True)]
    assert concatenated(ragged).rows() == [row for column in columns for row in column]


def batch(ages: list[int], kind: ValueType = ValueType.INT64) -> Rows:
    """Rows whose key and event time are their age."""
    column = Numbers(np.array(ages, dtype=np.int64), np.ones(len(ages), dtype=np.bool_))
    keys = of_rows(b"%d" % age for age in ages)
    return Rows(keys, column.values, None, {"age": Feature(values(kind, column), kind, column)})


@given(st.lists(st.lists(st.integers(-9, 99), min_size=1, max_size=5), max_size=8), st.integers(0, 12))
def test_gathered_batches_hold_the_same_rows(parts: list[list[int]], least: int) -> None:
    """However small batches come, those that are written are as large as was asked, and no row is lost or moved."""
    found = list(gathered(map(batch, parts), least))
    whole = batch([age for part in parts for age in part])
    assert [key for one in found for key in one.keys.rows()] == whole.keys.rows()
    assert [at for one in found for at in one.event_us.tolist()] == whole.event_us.tolist()
    assert [row for one in found for row in one.features["age"].values.rows()] == whole.features["age"].values.rows()
    assert [text for one in found for text in shown(one.features["age"])] == shown(whole.features["age"])
    assert all(len(one) >= least for one in found[:-1])


def test_a_batch_that_went_through_feast_is_gathered_with_others() -> None:
    """What only Feast could encode is shown by its bytes, beside columns that were encoded here."""
    ours, theirs = batch([1, 2]), batch([3])
    foreign = Rows(theirs.keys, theirs.event_us, None, {"age": Feature(theirs.features["age"].values)})
    [found] = gathered([ours, foreign], 3)
    assert shown(found.features["age"]) == ["1", "2", "3"]


def numbers(*parts: int, kind: str = "i8") -> Numbers:
    """Some numbers."""
    return Numbers(np.array(parts, dtype=kind), np.ones(len(parts), dtype=np.bool_))


def listed(items: Numbers | Texts, *lengths: int) -> Lists:
    """Lists of these lengths."""
    return Lists(items, ends(np.array(lengths, dtype=np.int64)), np.ones(len(lengths), dtype=np.bool_))


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (listed(numbers(1, 2, 3), 2, 1), listed(numbers(4), 0, 1), ValueType.INT64_LIST),
        (
            listed(Texts(of_rows([b"a", b"bc"]), np.ones(2, dtype=np.bool_)), 2),
            listed(Texts(of_rows([b"d"]), np.ones(1, dtype=np.bool_)), 1),
            ValueType.STRING_LIST,
        ),
        (
            Texts(of_rows([b"a"]), np.array([True])),
            Texts(of_rows([b"", b"c"]), np.array([False, True])),
            ValueType.STRING,
        ),
    ],
)
def test_stacked_columns_are_encoded_as_each_was(first: Plain, second: Plain, kind: ValueType) -> None:
    """Two batches' columns put together have the bytes that they had apart."""
    whole = stacked([first, second])
    assert whole is not None
    assert values(kind, whole).rows() == values(kind, first).rows() + values(kind, second).rows()


def test_columns_of_two_types_are_not_stacked() -> None:
    """Unsigned and signed integers together would become doubles, which lose digits."""
    assert stacked([numbers(1, kind="u8"), numbers(2)]) is None


def told(**clouds: dict[str, Held | None]) -> dict[str, Sampled]:
    """What each cloud holds, by key."""
    return {cloud: Sampled(held) for cloud, held in clouds.items()}


def test_parity_counts_what_is_missing_other_and_skewed() -> None:
    """Of four keys one is missing, one has another value and one another time: three quarters differ."""
    same, other = Held(10_000_000, "aa"), Held(10_000_000, "bb")
    finding = parity(
        "users",
        told(
            aws={"1": same, "2": same, "3": same, "4": same},
            gcp={"1": same, "2": other, "3": Held(70_000_000, "cc"), "4": None},
        ),
    )
    assert (finding.verdict, finding.value) == (Verdict.BREACH, 0.75)
    wanted = {"missing": 1, "other_values": 1, "other_times": 1, "worst_skew_seconds": 60.0, "missing_gcp": 1}
    assert wanted.items() <= finding.evidence.items()


def test_parity_of_one_cloud_or_of_nothing_is_unknown() -> None:
    """Where nothing can be compared nothing is fine."""
    assert parity("users", told(aws={"1": Held(1, "a")})).verdict is Verdict.UNKNOWN
    assert parity("users", told(aws={}, gcp={})).verdict is Verdict.UNKNOWN
    assert parity("users", {}).verdict is Verdict.UNKNOWN


def test_a_full_sample_is_not_blamed_for_what_did_not_fit() -> None:
    """Above the largest hash that every full sample reaches, a key may be stored and yet not be sampled."""
    row = Held(1, "a")
    samples = {"aws": Sampled({"1": row, "2": row}, full=True), "gcp": Sampled({"2": row, "3": row}, full=True)}
    assert parity("users", samples).evidence["keys"] == 2
    assert parity("users", samples).value == 0.5


def test_a_lag_within_the_tolerance_is_no_difference() -> None:
    """A cloud that is a minute behind is as good as the configuration lets it be."""
    clouds = told(aws={"1": Held(60_000_000, "new")}, gcp={"1": Held(0, "old")})
    assert parity("users", clouds).verdict is Verdict.BREACH
    assert parity("users", clouds, tolerance_seconds=60).verdict is Verdict.OK


@given(st.lists(st.tuples(st.binary(min_size=1), st.none() | st.integers(0, 2**50)), unique_by=lambda row: row[0]))
def test_readings_survive_a_report(held: list[tuple[bytes, int | None]]) -> None:
    """What a Report carries is what was sampled, and no value of a feature is in it."""
    stored = [None if at is None else Stored(at, {"age": b"secret"}) for _, at in held]
    sample = sampled([key for key, _ in held], stored, full=True)
    assert from_reading(to_reading(sample)) == sample
    assert "secret" not in str(to_reading(sample))


@pytest.mark.parametrize(
    ("age", "limit", "verdict"),
    [
        (HOUR, None, Verdict.OK),
        (VIEW.ttl + HOUR, None, Verdict.BREACH),
        (2 * HOUR, HOUR, Verdict.BREACH),
        (None, HOUR, Verdict.UNKNOWN),
    ],
)
def test_freshness_is_held_against_the_limit_or_the_ttl(
    age: timedelta | None, limit: timedelta | None, verdict: Verdict
) -> None:
    """The newest row's age decides; a store that holds no row is unknown, not fresh."""
    rows = [] if age is None else [Stored(int((NOW - age).timestamp() * 1e6), {}), Stored(0, {})]
    assert freshness(VIEW, "aws", [*rows, None], NOW, limit=limit).verdict is verdict


def test_a_view_that_is_good_for_ever_has_an_age_and_no_limit() -> None:
    """Without a TTL and without a limit the age is told, and nothing is broken by it."""
    endless = View("endless", {}, {}, VIEW.source)
    finding = freshness(endless, "aws", [Stored(0, {})], NOW)
    assert (finding.verdict, finding.limit) == (Verdict.OK, None)
    assert finding.value == pytest.approx(NOW.timestamp())


def test_smoke_names_what_has_no_value() -> None:
    """An application that would get nothing is told which feature it is."""
    finding = smoke(["u:age", "u:score"], "gcp", {"u:age": 41, "u:score": None})
    assert (finding.verdict, "u:score" in finding.reason) == (Verdict.BREACH, True)


def field(number: int, body: bytes) -> bytes:
    """One field of a protocol buffer."""
    return tag(number, 2) + encoded(len(body)) + body


def test_code_leaves_a_registry_and_everything_else_stays() -> None:
    """On-demand views go, functions leave the views that hold them, and all other objects are as they were."""
    view = field(6, field(1, field(1, b"users") + field(2, b"shop")))
    coded = field(6, field(1, field(1, b"coded") + field(2, b"shop") + field(15, b"pickle")))
    on_demand = field(8, field(1, field(1, b"twice") + field(5, b"pickle")))
    registry = view + coded + on_demand + field(17, field(1, field(1, b"shop")))
    assert code_in(registry) == ("coded", "twice")
    clean = without_code(registry)
    assert b"pickle" not in clean
    assert [found.name for found in objects(clean)] == ["users", "coded", "shop"]
    assert view in clean


def test_code_leaves_the_views_that_a_view_is_computed_from_and_those_of_earlier_versions() -> None:
    """A view carries the whole descriptions of the views it is made from, and a registry earlier versions of each."""
    deepest = field(1, b"clicks") + field(15, b"pickle")
    between = field(1, b"sessions") + field(14, deepest) + field(4, b"age")
    derived = field(6, field(1, field(1, b"users") + field(2, b"shop") + field(14, between)))
    earlier = field(18, field(1, field(1, b"users") + field(5, b"pickle")))
    assert code_in(derived + earlier) == ("users",)
    plain = field(1, b"sessions") + field(14, field(1, b"clicks")) + field(4, b"age")
    expected = field(6, field(1, field(1, b"users") + field(2, b"shop") + field(14, plain)))
    assert without_code(derived + earlier) == expected


def described(*spec: bytes) -> View:
    """A view as a registry tells it."""
    (found,) = views(field(6, field(1, b"".join([field(1, b"users"), field(2, b"shop"), *spec]))), "shop")
    return found


def test_a_view_that_only_feast_can_compute_is_known() -> None:
    """Stored code computes a view, its own or that of a view it is made from; else its source holds its rows."""
    plain, coded = described(), described(field(15, b"pickle"))
    derived = described(field(14, field(1, b"clicks")))
    nested = described(field(14, field(1, b"clicks") + field(15, b"pickle")))
    assert [(view.transformed, view.coded) for view in (plain, coded, derived, nested)] == [
        (False, False),
        (True, True),
        (True, False),
        (True, True),
    ]


def test_a_view_s_digest_follows_what_its_rows_are() -> None:
    """Another key, feature, type or source is another digest; the order of features and the TTL are not."""
    two = replace(VIEW, features={"age": 4, "city": 2})
    others = [
        replace(VIEW, join_keys={"id": 4, "country": 2}),
        two,
        replace(VIEW, features={"age": 3}),
        replace(VIEW, source=replace(VIEW.source, uri="clicks.parquet")),
        replace(VIEW, source=replace(VIEW.source, timestamp_field="seen")),
        replace(VIEW, source=replace(VIEW.source, options=b"orders")),
    ]
    assert len({VIEW.digest, *(view.digest for view in others)}) == 7
    assert replace(two, features={"city": 2, "age": 4}, ttl=HOUR).digest == two.digest


def test_a_source_that_is_no_file_is_told_from_another() -> None:
    """Two tables of a warehouse are two sources, whatever Feast stamps on their descriptions."""
    users, orders, stamped = (
        described(field(7, field(3, b"at") + field(12, field(1, table)) + stamp)).digest
        for table, stamp in ((b"users", b""), (b"orders", b""), (b"users", field(50, b"today")))
    )
    assert users == stamped != orders
