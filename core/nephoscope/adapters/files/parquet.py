"""Parquet, a column at a time, with every limit set before the footer is parsed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from nephoscope.adapters.files.columns import Opened, is_word
from nephoscope.adapters.files.formats import AGAIN, first_line
from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.errors import Unreadable

BATCH_ROWS = 65_536


class Readers:
    """One reader of a file for each thread: a reader keeps state, and two threads that share it may wait for ever."""

    def __init__(self, first: pq.ParquetFile, another: Callable[[], pq.ParquetFile]) -> None:
        self._local = threading.local()
        self._local.reader = first
        self._another = another

    def here(self) -> pq.ParquetFile:
        """The reader of the thread that asks."""
        if not hasattr(self._local, "reader"):
            self._local.reader = self._another()
        return self._local.reader


@dataclass(frozen=True, slots=True)
class ParquetColumn:
    """One column of a Parquet file."""

    readers: Readers
    fields: tuple[pa.Field, ...]

    def read(self) -> Iterator[tuple[str, pa.Array]]:
        """Yield the column in batches."""
        name, file = self.fields[0].name, self.readers.here()
        # One row group at a time: asked for all of them, pyarrow holds the packed column of the whole file.
        for group in range(file.num_row_groups):
            batches = file.iter_batches(BATCH_ROWS, row_groups=[group], columns=[name], use_threads=False)
            for batch in batches:
                yield name, batch.column(name)


def open_parquet(file: pa.NativeFile, name: str, limits: ReadLimits) -> Opened:
    """
    Open a Parquet file.

    Raises:
        Unreadable: It is cut, corrupt, without rows, or over a limit.
    """
    _check_footer(file, name, limits)
    try:
        plain = _opened(file, limits, words=[])
        _check_size(plain, name, file.size(), limits)
        words = [field.name for field in plain.schema_arrow if is_word(field.type)]
        opened = _opened(file, limits, words=words, metadata=plain.metadata) if words else plain
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"'{name}' is no readable Parquet file: {first_line(error)}.", do=AGAIN) from error
    # The types are those that are stored: reading words as dictionaries is a matter of speed.
    readers = Readers(opened, partial(_opened, file, limits, words=words, metadata=plain.metadata))
    return Opened(tuple(ParquetColumn(readers, (one,)) for one in plain.schema_arrow), rows=plain.metadata.num_rows)


def _opened(
    file: pa.NativeFile, limits: ReadLimits, *, words: list[str], metadata: pq.FileMetaData | None = None
) -> pq.ParquetFile:
    return pq.ParquetFile(
        file,
        metadata=metadata,
        read_dictionary=words,
        pre_buffer=False,  # one column at a time is asked for, not many that lie together
        page_checksum_verification=True,
        thrift_string_size_limit=limits.thrift_strings,
        thrift_container_size_limit=limits.thrift_elements,
    )


def _check_footer(file: pa.NativeFile, name: str, limits: ReadLimits) -> None:
    """
    Judge by the last eight bytes, before anything is parsed.

    "4-byte length in bytes of file metadata (little endian), 4-byte magic number 'PAR1'."
    """
    size = file.size()
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    file.seek(0)
    footer = int.from_bytes(tail[:4], "little")
    if size < 12 or tail[4:] != b"PAR1" or footer > size - 12:
        raise Unreadable(
            f"'{name}' is a Parquet file that was cut short: its {size} bytes have no footer at their end.", do=AGAIN
        )
    if footer > limits.footer_bytes:
        raise Unreadable(
            f"'{name}' has a footer of {footer:,} bytes, at most {limits.footer_bytes:,} are read.",
            do="write fewer columns or row groups into one file",
        )


def _check_size(opened: pq.ParquetFile, name: str, size: int, limits: ReadLimits) -> None:
    metadata = opened.metadata
    limits.check_columns(metadata.num_columns, name)
    if not metadata.num_rows:
        raise Unreadable(f"'{name}' has columns and 0 rows.", do=AGAIN, why="NO_DATA")
    decoded = _decoded_bytes(opened)
    most = min(limits.decoded_bytes, max(limits.decoded_few_bytes, limits.decoded_times * size))
    if decoded > most:
        raise Unreadable(
            f"'{name}' has {size:,} bytes and unpacks to {decoded:,}; at most {most:,} are read.",
            do="split it, or read it with Spark",
        )


def _decoded_bytes(opened: pq.ParquetFile) -> int:
    """How much the table takes once it is decoded, by what its footer says."""
    metadata = opened.metadata
    stored = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    widths = sum(_width(one.type) for one in opened.schema_arrow)
    return int(max(stored, metadata.num_rows * widths))


def _width(stored: pa.DataType) -> int:
    """Bytes of one value, told roughly where values differ in length."""
    try:
        return max(int(stored.bit_width) // 8, 1)
    except ValueError:
        return 4
