"""A time series out of a file: two columns of CSV, JSON Lines or Parquet, packed or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.json as json
import pyarrow.parquet as pq

from nephoscope.adapters.files.formats import AGAIN, Format, content_of, first_line
from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.text import NULLS
from nephoscope.errors import BadUsage, Unreadable


@dataclass(frozen=True, slots=True)
class FileSeries:
    """A series as a file holds it, in the order of its rows."""

    times: tuple[str, ...]  # as written
    seconds: tuple[float, ...]  # since 1970, UTC
    values: tuple[float, ...]  # NaN where a value is missing or not finite


def read_series(path: Path, time: str, value: str, limits: ReadLimits | None = None) -> FileSeries:
    """
    Read a series.

    Args:
        path: The file.
        time: The column of times: ISO 8601 (without a zone: UTC), or seconds since 1970.
        value: The column of numbers.
        limits: How much is read.

    Raises:
        BadUsage: The file has no such column.
        Unreadable: It is empty, cut, of no known format, or a time or a value in it is none.
    """
    table = _table(path, limits or ReadLimits())
    for name in (time, value):
        if name not in table.column_names:
            raise BadUsage(
                f"'{path.name}' has no column '{name}'; it has {', '.join(table.column_names[:12])}.",
                do="name the columns: --time COLUMN --value COLUMN",
            )
    times, values = table.column(time).to_pylist(), table.column(value).to_pylist()
    if not times:
        raise Unreadable(f"'{path.name}' has a header and no row.", do=AGAIN, why="NO_DATA")
    return FileSeries(
        tuple(_written(moment) for moment in times),
        tuple(_seconds(moment, path.name, row) for row, moment in enumerate(times, 1)),
        tuple(_number(number, path.name, row) for row, number in enumerate(values, 1)),
    )


def _table(path: Path, limits: ReadLimits) -> pa.Table:
    try:
        with pa.OSFile(str(path)) as file:
            content = content_of(file, path.name, limits)
            if content.format is Format.PARQUET:
                return pq.read_table(file)
            stream = pa.CompressedInputStream(file, content.compression) if content.compression else file
            if content.format is Format.JSONL:
                return json.read_json(stream)
            return _csv(stream)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable(f"'{path.name}' cannot be read: {first_line(error)}.", do=AGAIN) from error


def _csv(stream: Any) -> pa.Table:
    # Everything as text: a time is given back as it is written.
    content = stream.read()
    header = csv.open_csv(pa.BufferReader(content)).schema
    kinds = csv.ConvertOptions(
        column_types=dict.fromkeys(header.names, pa.string()), null_values=NULLS, strings_can_be_null=True
    )
    return csv.read_csv(pa.BufferReader(content), convert_options=kinds)


def _written(moment: Any) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else str(moment)


def _seconds(moment: Any, name: str, row: int) -> float:
    try:
        if isinstance(moment, str):
            moment = float(moment) if _is_number(moment) else datetime.fromisoformat(moment.strip())
        if isinstance(moment, datetime):
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return float(moment)
    except (TypeError, ValueError):
        raise Unreadable(f"Row {row} of '{name}' has the time {moment!r}.", do="write times as ISO 8601") from None


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").replace(".", "", 1).isdigit()


def _number(value: Any, name: str, row: int) -> float:
    if value is None:
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Unreadable(f"Row {row} of '{name}' has a value that is no number.", do="name another column") from None
    return number if math.isfinite(number) else math.nan


def in_order(series: FileSeries) -> Sequence[int]:
    """The rows by time; equal times keep the file's order."""
    return sorted(range(len(series.seconds)), key=series.seconds.__getitem__)
