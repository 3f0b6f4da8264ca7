"""CSV and JSON Lines are read as Python's own readers read them, however large they are and whatever comes late."""

import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pytest
from nephoscope.adapters.files.columns import Opened
from nephoscope.adapters.files.formats import Format
from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.streams import Quotes, Unpacked
from nephoscope.adapters.files.tables import FileTables
from nephoscope.adapters.files.text import NULLS, read_text
from nephoscope.drift.compare import compare
from nephoscope.drift.limits import DriftLimits
from nephoscope.drift.profile import Column, Kind, Profile, merge
from nephoscope.errors import Unreadable
from nephoscope.events import ObjectRef
from nephoscope.findings import Verdict

BLOCK = 1024 * 1024
Landed = Callable[..., ObjectRef]


@pytest.fixture
def landed(tmp_path: Path) -> Landed:
    """Write a file and say where it is."""

    def land(content: str, name: str = "table") -> ObjectRef:
        (tmp_path / name).write_bytes(content.encode())
        return ObjectRef("local", str(tmp_path), name)

    return land


def read(content: str, written: Format) -> dict[str, list[Any]]:
    """Every value of a text file, by column, in the rows' order."""
    found: dict[str, list[Any]] = as_table(pa.BufferReader(content.encode()), written).to_pydict()
    return found


def as_table(file: pa.NativeFile, written: Format) -> pa.Table:
    """A text file's values and types."""

    def whole(opened: Opened) -> pa.Table:
        found: dict[str, list[pa.Array]] = {field.name: [] for field in opened.fields}
        for group in opened.groups:
            for name, array in group.read():
                found[name].append(array)
        return pa.table([pa.chunked_array(found[field.name], field.type) for field in opened.fields], list(found))

    with file:
        return read_text(Unpacked(file, None, "table", ReadLimits()), written, None, whole)


def as_csv(rows: list[tuple[Any, ...]], **style: Any) -> str:
    """The rows as Python's csv.writer writes them."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n", **style).writerows(rows)
    return buffer.getvalue()


def column(profile: Profile, name: str) -> Column:
    """A column that must be there."""
    found = profile.column(name)
    assert found is not None
    return found


CELLS: dict[str, Callable[[int], tuple[str, str]]] = {
    "a greeting": lambda k: (f"k{k % 3}", "Dear team,\nplease call, thanks" + "." * (k % 37)),
    "quotes within": lambda k: (f"k{k % 3}", 'He said "no,\n""never"", ' + "x" * (k % 41)),
    "nothing but breaks": lambda k: ("\n\n", "\n" * (k % 5) + '"\n"'),
    "words after": lambda k: ("hello\r\nworld, friend", f"v{k % 3}"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_line_break_inside_quotes_ends_no_row(name: str) -> None:
    """Rows of a CSV file of many megabytes are those of csv.reader, with line breaks and quotes in any cell."""
    rows = [("a", "b"), *(CELLS[name](k) for k in range(90_000))]
    written = as_csv(rows)
    assert len(written) > BLOCK
    assert read(written, Format.CSV) == {"a": [row[0] for row in rows[1:]], "b": [row[1] for row in rows[1:]]}


def test_a_quote_inside_a_bare_cell_is_a_letter() -> None:
    """One odd inch mark in a cell without quotes leaves the rows after it whole, with line breaks in quotes or not."""
    rows = "".join(f'{k},5" pipe\n' if k % 3 == 0 else f'{k},"of\nsteel"\n' for k in range(90_000))
    assert len(rows) > BLOCK
    wanted = list(csv.reader(io.StringIO("n,b\n" + rows, newline="")))[1:]
    found = read("n,b\n" + rows, Format.CSV)
    assert (len(found["n"]), found["b"]) == (90_000, [row[1] for row in wanted])


def test_rows_end_where_csv_reader_ends_them() -> None:
    """Whatever the cells and wherever a stream is cut, what is handed on are whole rows."""
    draw = random.Random(7)
    for _ in range(2_000):
        text = "".join(draw.choices('"",\nx\r', k=draw.randrange(1, 40)))
        quotes, at, size = Quotes(), 0, draw.randrange(1, 9)
        for start in range(0, len(text), size):
            if end := quotes.end(text[start : start + size].encode()):
                at = start + end
        ends = [k for k in range(1, len(text) + 1) if text[:k].endswith("\n") and ends_a_row(text[:k])]
        assert at == max(ends, default=0), (text, size)


def ends_a_row(text: str) -> bool:
    """Whether csv.reader takes what follows for a new row."""
    return list(csv.reader(io.StringIO(text + "next\n", newline="")))[-1] == ["next"]


@pytest.mark.parametrize("size", [10, 64 * BLOCK])
def test_a_quote_that_never_closes_is_unreadable(size: int, landed: Landed) -> None:
    """The rest of a file is no cell: it is given up within the longest line, or at the file's end."""
    with pytest.raises(Unreadable, match=r"a line of more than 1,048,576 bytes|ends inside quotes"):
        FileTables().profile(landed('a,b\n1,2\n3,"' + "x\n" * (size // 2)))


def test_an_empty_line_of_a_single_column_is_a_null(landed: Landed) -> None:
    """It is a row with an empty field; the file's last line break is no row, and in wider tables no empty line is."""
    profile = FileTables().profile(landed("a\n1\n\n\n\n3\n"))
    assert (profile.rows, column(profile, "a").nulls) == (5, 3)
    assert read("a\r\n1\r\n\r\n3\r\n\r\n", Format.CSV) == {"a": [1, None, 3, None]}
    assert read("\n\na\n\n1", Format.CSV) == {"a": [None, 1]}
    assert read("a,b\n1,2\n\n\n3,4\n\n", Format.CSV) == {"a": [1, 3], "b": [2, 4]}
    many = "a\n" + "1\n\n" * BLOCK + "\n" * 3 * BLOCK
    assert FileTables().profile(landed(many)).rows == 5 * BLOCK


@pytest.mark.parametrize(("header", "written"), [("a,b\n", ",{k}\n"), ("", '{{"a": null, "b": {k}}}\n')])
def test_a_part_without_one_value_adds_up_with_the_others(header: str, written: str, landed: Landed) -> None:
    """A column of nulls has no nature yet: made like the others' Profile it is theirs, with nothing counted."""
    for values in ([0.5, 1.5, 2.5], ["x", "y", "x"]):
        full = "".join(json.dumps({"a": value, "b": k}) + "\n" for k, value in enumerate(values))
        baseline = FileTables().profile(landed(full))
        empty = FileTables().profile(
            landed((header or "") + "".join(written.format(k=k) for k in range(4))), like=baseline
        )
        assert (column(empty, "a").kind, column(empty, "a").nulls) == (column(baseline, "a").kind, 4)
        both = merge(baseline, empty)
        assert (both.rows, column(both, "a").nulls) == (7, 4)
        assert column(both, "a").numbers == column(baseline, "a").numbers
        assert column(both, "a").categories == column(baseline, "a").categories


def lines(often: dict[str, Any], last: dict[str, Any], times: int = 20_000) -> str:
    """One row so often that it fills more than a block, then another one."""
    return (json.dumps(often) + " " * 90 + "\n") * times + json.dumps(last) + "\n"


def test_json_numbers_that_turn_to_words_are_read_as_words() -> None:
    """A word after twenty thousand numbers, or a number after words, makes words of all of them, as in CSV."""
    assert read(lines({"a": 1}, {"a": "x"}), Format.JSONL)["a"] == ["1"] * 20_000 + ["x"]
    assert read(lines({"a": "007"}, {"a": 7.5}), Format.JSONL)["a"] == ["007"] * 20_000 + ["7.5"]
    assert read(lines({"a": "2026-01-02"}, {"a": "n/a"}), Format.JSONL)["a"][-2:] == ["2026-01-02", "n/a"]
    assert read(lines({"a": 1}, {"a": 1.5}), Format.JSONL)["a"][-2:] == [1.0, 1.5]
    assert read('{"a": 1e2, "b": null}\n{"a": true, "b": "y"}\n{"a": "x"}\n', Format.JSONL) == {
        "a": ["1e2", "true", "x"],
        "b": [None, "y", None],
    }


def test_a_json_key_that_comes_late_is_a_column() -> None:
    """It is null before; a column of nulls takes the type of its first value, and an object may grow."""
    found = read(lines({"a": 1, "b": None}, {"c": "new", "a": 2, "b": "late"}, times=200_000), Format.JSONL)
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == [1] * 200_000 + [2]
    assert (found["b"], found["c"]) == ([None] * 200_000 + ["late"], [None] * 200_000 + ["new"])
    grown = read(lines({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}), Format.JSONL)
    assert grown["a"][-1] == {"b": 1, "c": 2}


def test_ever_new_json_keys_are_too_many_columns(landed: Landed) -> None:
    """A file of keys that are values is given up at the limit, not read again for each."""
    body = lines({"a": 1}, {"a": 1}) + "".join(json.dumps({f"k{k}": 1}) + "\n" for k in range(2_000))
    with pytest.raises(Unreadable, match="2,001 columns, at most 1,000 are read"):
        FileTables(limits=ReadLimits(columns=1_000)).profile(landed(body))


def test_many_flat_objects_in_a_line_are_not_deep() -> None:
    """Wherever a block ends, a line is as deep as its brackets stand within one another; a deep one is refused."""
    flat = lines({"a": [{"b": 1}] * 3_000}, {"a": []}, times=60)
    assert len(read(flat, Format.JSONL)["a"]) == 61
    with pytest.raises(Unreadable, match="nested deeper than 1,000"):
        read(flat + '{"a": ' + "[" * 1_001 + "]" * 1_001 + "}\n", Format.JSONL)


def test_a_window_of_json_numbers_is_read_as_its_baseline_of_words(landed: Landed) -> None:
    """Codes that were words once are words still where they land as numbers."""
    baseline = FileTables().profile(landed('{"a": "007"}\n{"a": "x"}\n{"a": "x"}\n'))
    window = FileTables().profile(landed('{"a": 7}\n{"a": 7}\n'), like=baseline)
    assert column(window, "a").kind in (Kind.CATEGORICAL, Kind.TEXT)
    assert merge(baseline, window).rows == 5


# A value or two for each type that pyarrow tells, and values of it that some wider type cannot read.
LOOKS = {
    "null": "",
    "truth or number": "1",
    "number": "5",
    "hexadecimal": "0x1F",
    "truth": "true",
    "day": "2024-01-02",
    "day before nanoseconds": "1500-01-02",
    "time of day": "12:30:00",
    "second": "2024-01-02 12:30:00",
    "second before nanoseconds": "1500-01-02 12:30:00",
    "fraction": "2024-01-02 12:30:00.5",
    "second in a zone": "2024-01-02T12:30:00Z",
    "fraction in a zone": "2024-01-02T12:30:00.5+02:00",
    "decimal": "1.5",
    "word": "n/a",
}


def turning(columns: Sequence[Sequence[str]], rows: int) -> str:
    """A CSV file whose columns hold each of their values for that many rows; the first rows fill more than a block."""
    header = ",".join(f"c{k}" for k in range(len(columns))) + ",filling\n"
    filling = "." * (BLOCK // rows)
    return header + "".join(",".join(row) + f",{filling}\n" for row in zip(*columns, strict=True) for _ in range(rows))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_types_are_those_of_the_whole_file(turns: int) -> None:
    """Wherever its values turn, a column of CSV has the type and values that pyarrow tells of the file in one piece."""
    draw = random.Random(turns)
    every = list(product(LOOKS.values(), repeat=turns + 1))
    content = turning(draw.sample(every, k=min(len(every), 400)), rows=300).encode()
    whole = pyarrow.csv.read_csv(
        pa.BufferReader(content),
        read_options=pyarrow.csv.ReadOptions(block_size=len(content) + 1),
        convert_options=pyarrow.csv.ConvertOptions(null_values=NULLS, strings_can_be_null=True),
    )
    assert as_table(pa.BufferReader(content), Format.CSV).equals(whole)


def test_a_large_file_breaches_no_schema_of_a_small_one(landed: Landed) -> None:
    """Rows are one Profile whether or not they fill a block: columns that are empty at first keep their type."""
    seen = [
        ["", "2024-01-02 12:30:00"],
        ["2024-01-02 12:30:00", "2024-01-02 12:30:00.5"],
        ["", "12:30:00"],
        ["", "true"],
    ]
    rows = [row for row in zip(*seen, strict=True) for _ in range(1_000)]
    header = ("seen", "changed", "opens", "active", "note")
    small = FileTables().profile(landed(as_csv([header, *((*row, "short") for row in rows)])))
    large = FileTables().profile(landed(as_csv([header, *((*row, "long" * 500) for row in rows)])), like=small)
    assert large.columns[:-1] == small.columns[:-1]
    (schema,) = (f for f in compare(small, large, DriftLimits(), dataset="d") if f.check == "drift.schema")
    assert schema.verdict is Verdict.OK, schema.reason


class Counted(io.BytesIO):
    """A file that counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read and count."""
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize(("values", "times"), [(["", "12:30:00", "n/a"], 2), (["5", "true", "n/a"], 3)])
def test_a_file_is_read_three_times_at_most(values: list[str], times: int) -> None:
    """However many columns turn, at whatever places and however often; each time its beginning is looked at before."""
    columns = [[values[(row > k) + (row > k + 3)] for row in range(15)] for k in range(11)]
    content = turning(columns, rows=100).encode()
    file = Counted(content)
    assert set(as_table(pa.PythonFile(file, mode="r"), Format.CSV).schema.types) == {pa.string()}
    assert file.taken <= times * (len(content) + 2 * BLOCK)


def test_times_in_json_turn_to_words_within_lists_and_objects() -> None:
    """A column of JSON Lines has the type and values that pyarrow tells of the file in one piece, however deep."""
    times, numbers = ["2024-01-02 12:30:00", "n/a", None], [1, 1.5, None]
    pairs = [*permutations(times, 2), *permutations(numbers, 2)]
    wrapped: list[Callable[[Any], Any]] = [lambda v: v, lambda v: [v], lambda v: {"x": v}, lambda v: {"x": [{"y": v}]}]
    before, after = (
        {f"c{k}": wrap(pair[at]) for k, (wrap, pair) in enumerate(product(wrapped, pairs))} for at in (0, 1)
    )
    content = lines(before, after, times=1_000).encode()
    whole = pyarrow.json.read_json(
        pa.BufferReader(content), read_options=pyarrow.json.ReadOptions(block_size=len(content) + 1)
    )
    assert as_table(pa.BufferReader(content), Format.JSONL).equals(whole)
