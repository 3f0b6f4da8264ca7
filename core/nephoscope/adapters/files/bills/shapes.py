"""
The shape of a file: its format, told from its content, and its columns with their types.

Files of one shape are read together. CSV and JSON Lines are read as text alone, so that no guess about a column's type
can change a digit; their columns are numbered, because two names of a header may differ in case only.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import duckdb

from nephoscope.adapters.files.bills.columns import BARE, DIGITS_MOST, Columns, quoted
from nephoscope.errors import Unreadable

Compression: TypeAlias = Literal["none", "gzip", "zstd"]

HEAD_BYTES = 1 << 20
NULLS = ["", "NULL", "null"]
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_KEYS_OF_ROWS = 200
_FOUND = ("Expected Number of Columns", "Value with unterminated quote", "Invalid unicode", "Maximum line size")


@dataclass(frozen=True, slots=True)
class Shape:
    """What files must share to be read together."""

    format: str  # "parquet", "csv" or "jsonl"
    compression: Compression
    delimiter: str
    names: tuple[str, ...]  # as the file spells them
    types: tuple[str, ...]  # as DuckDB spells them

    @property
    def columns(self) -> Columns:
        """The columns as expressions over `read`'s relation."""
        references = [f"c{number}" if self.format == "csv" else quoted(name) for number, name in enumerate(self.names)]
        return Columns.of(list(zip(self.names, references, self.types, strict=True)))

    def read(self, engine: duckdb.DuckDBPyConnection, paths: list[str]) -> duckdb.DuckDBPyRelation:
        """Open files of this shape as one relation."""
        if self.format == "parquet":
            return engine.from_parquet(paths, union_by_name=False)
        if self.format == "csv":
            return engine.read_csv(
                paths,  # type: ignore[arg-type]  # its stub leaves lists out
                header=True,
                columns={f"c{number}": "VARCHAR" for number in range(len(self.names))},
                delimiter=self.delimiter,
                quotechar='"',
                escapechar='"',
                na_values=NULLS,
                auto_detect=False,
                compression=self.compression,
            )
        return engine.read_json(
            paths,  # type: ignore[arg-type]  # its stub leaves lists out
            columns=dict.fromkeys(self.names, "VARCHAR"),
            format="newline_delimited",
            compression=self.compression,
        )


def shape(engine: duckdb.DuckDBPyConnection, path: Path) -> Shape:
    """
    Tell the shape of a file from its first bytes.

    Raises:
        Unreadable: It is empty, cut, or of no format that a bill comes in.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise Unreadable(f"'{path.name}' is empty.", do="export it again", why="NO_DATA")
    if head.startswith(_PARQUET):
        return _parquet(engine, path)
    compression: Compression = "gzip" if head.startswith(_GZIP) else "zstd" if head.startswith(_ZSTD) else "none"
    text = _decoded(path, _decompressed(path, head, compression))
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _json_lines(engine, path, text, compression)
    return _csv(path, text, compression)


def _parquet(engine: duckdb.DuckDBPyConnection, path: Path) -> Shape:
    try:
        relation = engine.from_parquet([str(path)])
        wide = _wide_decimals(engine, path)
        types = tuple(wide.get(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True))
        return Shape("parquet", "none", "", tuple(relation.columns), types)
    except duckdb.Error as error:
        raise Unreadable(
            f"'{path.name}' is no whole Parquet file: {first_line(error)}.", do="export it again"
        ) from error


def _wide_decimals(engine: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """The types of the columns whose decimals have more digits than the engine's, which reads them as doubles."""
    found = engine.execute(
        "SELECT name, precision, scale FROM parquet_schema(?) WHERE precision > ?", [str(path), DIGITS_MOST]
    ).fetchall()
    return {name: f"DECIMAL({precision},{scale})" for name, precision, scale in found}


def _decompressed(path: Path, head: bytes, compression: Compression) -> bytes:
    try:
        if compression == "gzip":
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
        if compression == "zstd":
            return _unzstd(path)
    except (zlib.error, gzip.BadGzipFile, OSError) as error:
        raise Unreadable(f"'{path.name}' cannot be decompressed: {error}.", do="export it again") from error
    return head


def _unzstd(path: Path) -> bytes:
    """The head of a zstd file. Few bills are, and a function that reads them is a third as large without pyarrow."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise Unreadable(
            f"'{path.name}' is packed with zstd, which needs pyarrow here.", do="export it as gzip or as Parquet"
        ) from error
    head: bytes = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read(HEAD_BYTES)
    return head


def _decoded(path: Path, data: bytes) -> str:
    if b"\x00" in data:
        raise Unreadable(f"'{path.name}' is no text in UTF-8 and no Parquet file.", do="export it as CSV or Parquet")
    text = data.decode("utf-8", errors="replace")
    if not text.strip("\ufeff \t\r\n"):
        raise Unreadable(f"'{path.name}' holds no row.", do="export it again", why="NO_DATA")
    return text


def _json_lines(engine: duckdb.DuckDBPyConnection, path: Path, text: str, compression: Compression) -> Shape:
    lines = text.lstrip("\ufeff").splitlines()
    whole = lines if len(text) < HEAD_BYTES // 2 else lines[:-1]
    names: dict[str, None] = {}
    try:
        for line in whole[:_KEYS_OF_ROWS]:
            if line.strip():
                names.update(dict.fromkeys(json.loads(line)))
    except (ValueError, TypeError) as error:
        raise Unreadable(f"'{path.name}' is no JSON Lines: {error}.", do="write one JSON object a line") from error
    # A row leaves out what is empty in it, so that a field may first come in the last row.
    names.update(dict.fromkeys(_every_key(engine, path, compression)))
    return Shape("jsonl", compression, "", tuple(names), ("VARCHAR",) * len(names))


def _every_key(engine: duckdb.DuckDBPyConnection, path: Path, compression: Compression) -> list[str]:
    """The keys of all rows, sorted."""
    rows = engine.read_json(
        str(path), columns={"row": "JSON"}, records="false", format="newline_delimited", compression=compression
    )
    keys = rows.project("unnest(json_keys(row)) AS name").distinct().fetchall()
    return sorted(name for (name,) in keys)


def _csv(path: Path, text: str, compression: Compression) -> Shape:
    first = text.lstrip("\ufeff\r\n").split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        names = next(csv.reader(io.StringIO(text.lstrip("\ufeff\r\n")), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        raise Unreadable(f"'{path.name}' has no header of CSV: {error}.", do="export it with a header") from error
    return Shape("csv", compression, delimiter, tuple(names), (BARE,) * len(names))


def first_line(error: Exception) -> str:
    """
    Take of an engine's message what it found, without the dot at its end and without the data that it quotes.

    >>> first_line(ValueError("Error on Line: 2\\nOriginal Line: secret\\nExpected Number of Columns: 2 Found: 1\\n"))
    'Error on Line: 2, Expected Number of Columns: 2 Found: 1'
    """
    first, *others = str(error).splitlines() or [type(error).__name__]
    found = [line for line in others if line.startswith(_FOUND)]
    return ", ".join(line.strip().rstrip(".") for line in (first, *found[:1]))
