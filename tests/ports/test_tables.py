"""Every kind of file that lands has an answer, and no file takes the process down."""

import gzip
import io
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.isolated import Caps, IsolatedTables
from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.parquet import open_parquet
from nephoscope.adapters.files.tables import FileTables
from nephoscope.adapters.files.whole import Whole
from nephoscope.drift.compare import compare
from nephoscope.drift.limits import DriftLimits
from nephoscope.drift.profile import Column, Kind, Profile, merge, to_json
from nephoscope.errors import BadPayload, Unreadable
from nephoscope.events import ObjectRef
from nephoscope.findings import Verdict
from nephoscope.ports import Tables

ROWS = {"a": [1.5, None, 2.5, 9.0], "b": ["x", "y", None, "x"], "c": [1, 2, 3, 4]}


@pytest.fixture(params=["in process", "isolated"])
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    """Both adapters of local files."""
    if request.param == "in process":
        yield FileTables()
        return
    isolated = IsolatedTables()
    yield isolated
    isolated.close()


@pytest.fixture
def landed(tmp_path: Path) -> Callable[..., ObjectRef]:
    """Write a file and say where it is."""

    def land(content: bytes | pa.Table, name: str = "table") -> ObjectRef:
        if isinstance(content, pa.Table):
            pq.write_table(content, tmp_path / name)
        else:
            (tmp_path / name).write_bytes(content)
        return ObjectRef("local", str(tmp_path), name)

    return land


def column(profile: Profile, name: str) -> Column:
    """A column that must be there."""
    found = profile.column(name)
    assert found is not None
    return found


def text_of(table: pa.Table) -> dict[str, bytes]:
    """A table in every text format."""
    buffer = io.BytesIO()
    csv.write_csv(table, buffer)
    lines = "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()
    plain = {"csv": buffer.getvalue(), "jsonl": lines}
    packed = {f"{name}.gz": gzip.compress(body) for name, body in plain.items()}
    zstd = {f"{name}.zst": pa.Codec("zstd").compress(body, asbytes=True) for name, body in plain.items()}
    return plain | packed | zstd


def test_every_format_tells_the_same(tables: Tables, landed: Callable[..., ObjectRef]) -> None:
    """Parquet, CSV and JSON Lines, plain, gz and zst: the format is told from the content, the counts are the same."""
    table = pa.table(ROWS)
    parquet = tables.profile(landed(table))
    for name, body in text_of(table).items():
        profile = tables.profile(landed(body, "no extension"))
        assert profile.rows == 4, name
        for wanted in parquet.columns:
            found = column(profile, wanted.name)
            assert (found.kind, found.nulls, found.categories) == (wanted.kind, wanted.nulls, wanted.categories), name
            if wanted.numbers is not None:
                assert found.numbers == wanted.numbers, name


@pytest.mark.parametrize("word", ["", "NA", "NaN", "null", "None"])
def test_the_usual_words_for_nothing_are_nulls_in_csv(word: str, landed: Callable[..., ObjectRef]) -> None:
    """An empty field, NA, NaN, null and None are nulls, among numbers and among words."""
    profile = FileTables().profile(landed(f"n,w\n1,a\n{word},{word}\n3,b\n".encode()))
    assert (column(profile, "n").kind, column(profile, "n").nulls) == (Kind.NUMERIC, 1)
    assert column(profile, "w").nulls == 1


def test_a_csv_column_whose_type_turns_late_is_read_as_the_wider_type(landed: Callable[..., ObjectRef]) -> None:
    """A hundred thousand integers and then a fraction are numbers; and then a word are words."""
    integers = "".join(f"{k}\n" for k in range(200_000))
    assert column(FileTables().profile(landed(f"n\n{integers}1.5\n".encode())), "n").physical == "double"
    assert column(FileTables().profile(landed(f"n\n{integers}word\n".encode())), "n").kind is Kind.TEXT


@pytest.mark.parametrize(
    ("body", "why", "sentence"),
    [
        (b"", "NO_DATA", "has 0 bytes"),
        (b"   \n ", "NO_DATA", "nothing but white space"),
        (b"a,b\n", "NO_DATA", "0 rows"),
        (gzip.compress(b"", mtime=0), "NO_DATA", "0 bytes inside"),
        (gzip.compress(b"a,b\n1,2\n" * 9, mtime=0)[:-12], "UNREADABLE", "truncated|Truncated|broke off|unpacked"),
        (b"\x1f\x8bnot gzip at all", "UNREADABLE", "cannot be unpacked"),
        (b"a,b\n1,2\n3\n", "UNREADABLE", "Expected 2 columns, got 1"),
        (b"a;b\n1;2\n", "UNREADABLE", "its delimiter seems to be ';'"),
        (b"a,a\n1,2\n", "UNREADABLE", "more than one column named 'a'"),
        ("a,b\n1,2\n".encode("utf-16"), "UNREADABLE", "UTF-16 text"),
        (b"PAR1" + b"\x00" * 40 + b"PAR1", "UNREADABLE", "cut short|no readable"),
        (b"\x00\x01\x02 binary", "UNREADABLE", "neither Parquet nor text"),
        (b'{"a": 1}\n{"a": [1]}\n', "UNREADABLE", "changed from number to array"),
        (b'{"a": 1\n', "UNREADABLE", "no readable jsonl"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n", "UNREADABLE", "nested deeper than 1,000"),
        (b'{"schema":"nephoscope.profile/1","columns":7}', "UNREADABLE", "begins like a Profile"),
    ],
)
def test_what_is_no_table_is_told_in_one_sentence(
    body: bytes, why: str, sentence: str, landed: Callable[..., ObjectRef]
) -> None:
    """Empty, cut, ragged and foreign files are unreadable or without data, each for its own reason."""
    with pytest.raises(Unreadable, match=sentence) as error:
        FileTables().profile(landed(body))
    assert error.value.why == why
    assert error.value.what.count("\n") == 0


def test_zero_rows_and_one_row(landed: Callable[..., ObjectRef]) -> None:
    """A Parquet file without rows has no data; one with a single row is a table."""
    with pytest.raises(Unreadable, match="0 rows") as error:
        FileTables().profile(landed(pa.table({"a": pa.array([], pa.float64())})))
    assert error.value.why == "NO_DATA"
    assert FileTables().profile(landed(pa.table({"a": [1.0]}))).rows == 1


ODD = {
    "nulls": pa.array([None] * 6, pa.float64()),
    "typeless": pa.nulls(6),
    "constant": pa.array([7.0] * 6),
    "endless": pa.array([np.inf, -np.inf, np.nan, 1.0, None, 2.0]),
    "tiny": pa.array([5e-324, -5e-324, 0.0, -0.0, 1e-310, 2e-320]),
    "huge": pa.array([1.7e308, -1.7e308, 1.0, 0.0, 1e308, -1e308]),
    "integers": pa.array([2**63 - 1, -(2**63), 0, 1, -1, None], pa.int64()),
    "unsigned": pa.array([2**64 - 1, 0, 1, 2, 3, None], pa.uint64()),
    "half": pa.array(np.array([1, 2, 3, 4, 5, 6], dtype=np.float16)),
    "decimal": pa.array([None, "1.10", "2.20", "3.30", "-4.40", "99999999.99"]).cast(pa.decimal128(12, 2)),
    "zoned": pa.array([0, 1, None, 3, 4, 5], pa.timestamp("s", "Europe/Berlin")),
    "nanoseconds": pa.array([1, 2, 3, 4, 5, None], pa.timestamp("ns")),
    "days": pa.array([0, 1, 2, 3, 4, None], pa.date32()),
    "hours": pa.array([0, 1, 2, 3, 4, None], pa.time64("us")),
    "took": pa.array([0, 1, 2, 3, 4, None], pa.duration("ms")),
    "truth": pa.array([True, False, None, True, True, False]),
    "dictionary": pa.array(["a", "b", "a", None, "a", "c"]).dictionary_encode(),
    "large": pa.array(["a", "b", "a", None, "a", "c"], pa.large_string()),
    "list": pa.array([[1], [2], None, [], [3, 4], [5]]),
    "struct": pa.array([{"x": 1}] * 6),
    "bytes": pa.array([b"\x00", b"\xff", None, b"", b"a", b"b"]),
}


def test_every_type_has_an_answer_without_a_floating_point_warning(landed: Callable[..., ObjectRef]) -> None:
    """Null, constant, infinite, denormal and extreme values, decimals, zones, nested columns: each is profiled."""
    with np.errstate(all="raise"):
        baseline = FileTables().profile(landed(pa.table(ODD)))
        window = FileTables().profile(landed(pa.table(ODD)), like=baseline)
    assert [one.name for one in window.columns] == list(ODD)
    for one in window.columns:
        assert one.nulls == ODD[one.name].null_count, one.name
        if one.numbers is not None:
            counted = one.numbers.finite + one.numbers.nan + one.numbers.plus_inf + one.numbers.minus_inf
            assert counted + one.nulls == 6, one.name
    assert {one.name for one in window.columns if one.kind is Kind.OPAQUE} == {"list", "struct", "bytes"}
    assert column(window, "zoned").numbers == column(baseline, "zoned").numbers


def test_a_million_categories_are_capped_and_still_add_up(landed: Callable[..., ObjectRef]) -> None:
    """The commonest words are known, of the others a sample is kept, and no row is lost."""
    words = [f"w{k}" for k in range(300_000)] + ["common"] * 400_000
    profile = FileTables().profile(landed(pa.table({"w": words})))
    found = column(profile, "w").categories
    assert found is not None
    assert len(found.known) <= 10_000
    assert len(found.unseen) <= 1_000
    assert sum(found.known.values()) + found.unseen_rows == len(words)
    assert max(found.known.values()) == 400_000


def test_parts_add_up_to_one_pass(tables: Tables, landed: Callable[..., ObjectRef]) -> None:
    """Profiles of a table's parts, merged, have the integers of the Profile of the whole."""
    draw = np.random.default_rng(3)
    whole = pa.table({"x": draw.lognormal(size=5_000), "w": draw.choice(list("abcdef"), size=5_000)})
    baseline = tables.profile(landed(whole.slice(0, 1_000)))
    one = tables.profile(landed(whole), like=baseline)
    parts = merge(*(tables.profile(landed(whole.slice(at, 700)), like=baseline) for at in range(0, 5_000, 700)))
    assert parts.rows == one.rows
    assert column(parts, "w") == column(one, "w")
    ours, theirs = column(parts, "x").numbers, column(one, "x").numbers
    assert ours is not None
    assert theirs is not None
    assert ours.counts.tolist() == theirs.counts.tolist()
    assert (ours.low, ours.high, ours.nan) == (theirs.low, theirs.high, theirs.nan)


@pytest.mark.parametrize("made", [lambda k: [k + 0.5] * 9, lambda k: [f"w{k}"] * 9])
def test_parts_with_a_new_column_add_up(made: Callable[[int], list[object]], landed: Callable[..., ObjectRef]) -> None:
    """Columns that the Baseline lacks, or has of another nature, are named by one Finding, in parts as in one file."""
    baseline = FileTables().profile(landed(pa.table({"a": [datetime(2026, 1, 1, tzinfo=UTC)] * 9})))
    parts = [pa.table({"a": made(k), "extra": made(k)}) for k in range(2)]
    whole = FileTables().profile(landed(pa.concat_tables(parts)), like=baseline)
    merged = merge(*(FileTables().profile(landed(part), like=baseline) for part in parts))
    found = [compare(baseline, window, DriftLimits(), dataset="d") for window in (whole, merged)]
    assert found[0] == found[1]
    assert "'extra' is new; 'a' changed from" in found[0][1].reason


def test_a_footer_that_lies_about_its_rows_is_found_out(landed: Callable[..., ObjectRef]) -> None:
    """A column of other than the told number of rows makes the table unreadable where two files are compared."""
    place = landed(pa.table({"x": [1.0, 2.0]}))
    with pa.OSFile(f"{place.bucket}/{place.key}") as file:
        opened = open_parquet(file, "table", ReadLimits())
        with pytest.raises(Unreadable, match="says that it has 3 rows, its 'x' has 2"):
            Whole("table", replace(opened, rows=3)).pieces("x")


def test_a_key_that_leads_out_of_the_folder_is_refused(landed: Callable[..., ObjectRef], tmp_path: Path) -> None:
    """Neither `..` nor a missing file is read."""
    landed(pa.table(ROWS))
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(BadPayload, match="leads out"):
        FileTables().profile(ObjectRef("local", str(inner), "../table"))
    with pytest.raises(BadPayload, match="no file"):
        FileTables().profile(ObjectRef("local", str(inner), "table"))


def test_a_hundred_thousand_columns_are_refused_at_once(landed: Callable[..., ObjectRef]) -> None:
    """The footer's length decides before it is parsed: within a second and without memory."""
    place = landed(pa.table({f"a column with a rather long name {k}": [1.0] for k in range(100_000)}))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(Unreadable, match=r"footer of|columns, at most 10,000"):
        FileTables().profile(place)
    assert time.perf_counter() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024
    with pytest.raises(Unreadable, match=r"20,000 columns, at most 10,000|footer"):
        FileTables().profile(landed(pa.table({f"c{k}": [1.0] for k in range(20_000)})))


@pytest.mark.parametrize("written", ["csv", "jsonl"])
def test_a_hundred_thousand_columns_of_text_are_refused_too(written: str, landed: Callable[..., ObjectRef]) -> None:
    """The first line decides before it is parsed, which would take minutes."""
    names = [f"c{k}" for k in range(100_000)] if written == "csv" else [f"c{k}" for k in range(70_000)]
    row = ",".join(names) + "\n" + ",".join("1" for _ in names)
    body = row if written == "csv" else "{" + ",".join(f'"{name}":1' for name in names) + "}\n"
    place, started = landed(body.encode()), time.perf_counter()
    with pytest.raises(Unreadable, match=f"{len(names):,} columns, at most 10,000"):
        FileTables().profile(place)
    assert time.perf_counter() - started < 3


def test_a_parquet_bomb_is_refused(landed: Callable[..., ObjectRef], tmp_path: Path) -> None:
    """A small file that decodes to gigabytes is told as such before it is decoded."""
    with pq.ParquetWriter(tmp_path / "bomb", pa.schema([("x", pa.int64())]), compression="zstd") as writer:
        piece = pa.table({"x": np.zeros(10_000_000, dtype=np.int64)})
        for _ in range(30):
            writer.write_table(piece, row_group_size=10_000_000)
    started = time.perf_counter()
    with pytest.raises(Unreadable, match="unpacks to 2,400,000,000"):
        FileTables().profile(ObjectRef("local", str(tmp_path), "bomb"))
    assert time.perf_counter() - started < 5


def test_a_packed_text_bomb_is_refused(landed: Callable[..., ObjectRef]) -> None:
    """What unpacks to far more than its size is given up on the way."""
    body = gzip.compress(b"a,b\n" + b"1,2\n" * 20_000_000)
    started = time.perf_counter()
    with pytest.raises(Unreadable, match="unpacks to more than"):
        FileTables(limits=ReadLimits(unpacked_bytes=1024 * 1024)).profile(landed(body))
    assert time.perf_counter() - started < 5


def test_an_endless_line_is_refused(landed: Callable[..., ObjectRef], tmp_path: Path) -> None:
    """A line of a gigabyte is not read to its end."""
    with (tmp_path / "line").open("wb") as file:
        file.write(b"a,b\n1,")
        file.truncate(0)
        file.seek(0)
        file.write(b"a,b\n1,")
        for _ in range(64):
            file.write(b"x" * 1024 * 1024)
    started = time.perf_counter()
    with pytest.raises(Unreadable, match="a line of more than 1,048,576 bytes"):
        FileTables().profile(ObjectRef("local", str(tmp_path), "line"))
    assert time.perf_counter() - started < 5


def corrupted(seed: int) -> Iterator[bytes]:
    """Good Parquet files with flipped bits, cut ends and forged footers."""
    draw, values = random.Random(seed), np.random.default_rng(seed)
    words = [f"w{k % 50}" for k in range(2_000)]
    table = pa.table({"a": values.normal(size=2_000), "b": values.integers(0, 9, 2_000), "c": words})
    delta = {"b": "DELTA_BINARY_PACKED", "c": "DELTA_BYTE_ARRAY"}
    good = []
    for options in (
        {"compression": "snappy", "use_dictionary": False},
        {"compression": "zstd"},
        {"compression": "none", "use_dictionary": False, "column_encoding": delta},
        {"compression": "gzip", "use_dictionary": False, "column_encoding": {"a": "BYTE_STREAM_SPLIT"}},
    ):
        buffer = io.BytesIO()
        pq.write_table(table, buffer, **options)
        good.append(buffer.getvalue())
    while True:
        body = bytearray(draw.choice(good))
        footer = len(body) - 8 - int.from_bytes(body[-8:-4], "little")
        turn = draw.randrange(4)
        if turn == 0:
            del body[draw.randrange(len(body)) :]
        for _ in range(draw.randrange(1, 25) if body else 0):
            at = draw.randrange(len(body)) if turn < 2 else draw.randrange(footer, len(body) - 8)
            if body:
                at = min(at, len(body) - 1)
                body[at] = draw.randrange(256) if turn == 3 else body[at] ^ 1 << draw.randrange(8)
        yield bytes(body)


def test_five_hundred_corrupted_files_end_in_an_answer(landed: Callable[..., ObjectRef]) -> None:
    """Each one is a table or unreadable; whatever it does to its reader, the next one is read."""
    isolated = IsolatedTables(Caps(seconds=20))
    unreadable = 0
    try:
        for _, body in zip(range(500), corrupted(1), strict=False):
            try:
                isolated.profile(landed(body))
            except Unreadable:
                unreadable += 1
    finally:
        isolated.close()
    assert unreadable >= 400


def test_requests_that_come_at_once_share_a_reader(landed: Callable[..., ObjectRef]) -> None:
    """A container hands many requests to one process: each gets its own table's Profile, from one child."""
    refs = {rows: landed(pa.table({"x": np.arange(float(rows))}), str(rows)) for rows in range(1, 33)}
    isolated = IsolatedTables(Caps(seconds=60))
    try:
        with ThreadPoolExecutor(16) as pool:
            for _ in range(16):
                pool.submit(isolated.start)
            found = dict(zip(refs, pool.map(isolated.profile, refs.values()), strict=True))
    finally:
        isolated.close()
    assert {rows: profile.rows for rows, profile in found.items()} == {rows: rows for rows in refs}


def test_a_reader_that_dies_is_an_answer_and_the_next_file_is_read(landed: Callable[..., ObjectRef]) -> None:
    """A child without time or memory makes the file unreadable, not the parent."""
    hurried = IsolatedTables(Caps(seconds=0.001))
    with pytest.raises(Unreadable, match=r"took more than 0\.001 s"):
        hurried.profile(landed(pa.table(ROWS)))
    starved = IsolatedTables(Caps(memory_bytes=1024 * 1024))
    with pytest.raises(Unreadable, match=r"took its reader down|broke off|no readable"):
        starved.profile(landed(pa.table({"x": np.zeros(5_000_000)})))
    for isolated in (hurried, starved):
        isolated.close()


def test_the_configured_format_must_match(tables: Tables, landed: Callable[..., ObjectRef]) -> None:
    """A CSV file where Parquet is configured is unreadable, and the sentence names both."""
    with pytest.raises(Unreadable, match="is csv, the configuration says parquet"):
        tables.profile(landed(b"a\n1\n"), expected="parquet")


def test_a_numeric_column_takes_at_most_64_kib(landed: Callable[..., ObjectRef]) -> None:
    """At 1,024 bins, as JSON, whatever the numbers are."""
    draw = np.random.default_rng(0)
    for values in (draw.lognormal(20, 5, 50_000), draw.normal(size=50_000), draw.integers(-(2**62), 2**62, 50_000)):
        assert len(to_json(FileTables().profile(landed(pa.table({"x": values}))))) <= 64 * 1024


CHECK = """
import resource, sys
from pathlib import Path
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.compare import compare
from nephoscope.drift.limits import DriftLimits, Rules
from nephoscope.events import ObjectRef
from nephoscope.findings import Verdict

tables, folder = FileTables(), sys.argv[1]
baseline = tables.profile(ObjectRef("local", folder, "baseline"))
window = tables.profile(ObjectRef("local", folder, "window"), like=baseline)
print(len(compare(baseline, window, DriftLimits(rules=Rules()), dataset="wide")))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_million_rows_of_fifty_columns_take_ten_seconds(landed: Callable[..., ObjectRef], tmp_path: Path) -> None:
    """Profiling both tables and judging every column: at most 10 s and 512 MB."""
    for seed, name in enumerate(("baseline", "window")):
        draw = np.random.default_rng(seed)
        landed(pa.table({f"x{k}": draw.normal(size=1_000_000) for k in range(50)}), name)
    started = time.perf_counter()
    printed = subprocess.run([sys.executable, "-c", CHECK, str(tmp_path)], capture_output=True, check=True).stdout
    findings, kibibytes = (int(line) for line in printed.split())
    assert findings > 50
    assert time.perf_counter() - started <= 10
    # A child begins with its parent's peak memory.
    assert kibibytes <= max(512 * 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def test_repeated_rows_of_a_key_are_counted(landed: Callable[..., ObjectRef]) -> None:
    """Numbers beyond 2**53, words, truths and nulls tell rows apart; a window is counted by its baseline's key."""
    keys = {
        "number": [2**53, 2**53 + 1, 2**53, None, None],
        "word": ["a", "a", "a", "b", "b"],
        "truth": [True, True, True, None, None],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0],
    }
    baseline = FileTables().profile(landed(pa.table(keys)), key=("number", "word", "truth"))
    assert baseline.duplicates == 2
    assert FileTables().profile(landed(pa.table(keys)), key=("x",)).duplicates == 0
    text = text_of(pa.table({"number": [1, 1, 2], "word": ["a", "a", "b"], "truth": [True, True, True]}))["csv.gz"]
    assert FileTables().profile(landed(text), like=baseline).duplicates == 1
    without = FileTables().profile(landed(pa.table({"x": [1.0]})), like=baseline)
    findings = compare(baseline, without, DriftLimits(), dataset="t")
    (finding,) = [one for one in findings if one.check == "drift.duplicates"]
    assert finding.verdict is Verdict.UNKNOWN


DISTINCT = {
    "decimals of 38 digits": pa.array([Decimal(10**18 + k) for k in range(100)], pa.decimal128(38, 0)),
    "decimals of 70 digits": pa.array([Decimal(10**60 + k) for k in range(100)], pa.decimal256(70, 0)),
    "small fractions": pa.array([Decimal(k) * (1 + Decimal("1e-18")) for k in range(100)], pa.decimal128(38, 18)),
    "nanoseconds": pa.array([1_700_000_000_000_000_000 + 50 * k for k in range(100)], pa.timestamp("ns")),
    "durations": pa.array([2**62 + k for k in range(100)], pa.duration("ns")),
    "days": pa.array(range(-50, 50), pa.int32()).cast(pa.date32()),
    "hours": pa.array(range(100), pa.int32()).cast(pa.time32("ms")),
    "small integers": pa.array(range(-50, 50), pa.int8()),
    "large integers": pa.array([2**64 - 1 - k for k in range(100)], pa.uint64()),
    "words": pa.array([str(k) for k in range(100)], pa.string_view()),
    "bytes": pa.array([b"%d" % k for k in range(100)]),
}


@pytest.mark.parametrize("kind", DISTINCT)
def test_keys_are_told_apart_to_their_last_digit(kind: str, landed: Callable[..., ObjectRef], tmp_path: Path) -> None:
    """What no double tells apart is no repeated row; equal values are, in whichever row group they stand."""
    keys = DISTINCT[kind]
    assert FileTables().profile(landed(pa.table({"k": keys})), key=("k",)).duplicates == 0
    some = pa.concat_arrays([keys, pa.nulls(2, keys.type), keys.slice(5, 30)])
    pq.write_table(pa.table({"k": some}), tmp_path / "groups", row_group_size=17)
    assert FileTables().profile(ObjectRef("local", str(tmp_path), "groups"), key=("k",)).duplicates == 31


@pytest.mark.parametrize(
    "nested",
    [
        pa.array([[1], [2]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
    ],
    ids=["list", "struct", "map"],
)
def test_a_nested_key_is_told_in_one_sentence(
    nested: pa.Array, tables: Tables, landed: Callable[..., ObjectRef]
) -> None:
    """Rows cannot be told apart by lists, structs or maps: the table is unknown, and the sentence names the column."""
    with pytest.raises(Unreadable, match=r"'table'.*key.*'k' \((list|struct|map)") as error:
        tables.profile(landed(pa.table({"k": nested, "x": [1, 2]})), key=("x", "k"))
    assert error.value.why == "NOT_COMPUTABLE"


def test_threads_do_not_change_a_profile(landed: Callable[..., ObjectRef]) -> None:
    """Columns that are read side by side give what they give one after the other, in the table's order."""
    draw = np.random.default_rng(4)
    columns: dict[str, object] = {f"x{k}": draw.normal(size=20_000) for k in range(12)}
    place = landed(pa.table({**columns, "word": draw.choice(["a", "b"], 20_000)}))
    one, four = (FileTables(threads=threads).profile(place) for threads in (1, 4))
    assert to_json(one) == to_json(four)
    again = FileTables(threads=4).profile(place, like=one)
    assert [column.numbers for column in again.columns] == [column.numbers for column in one.columns]
