"""Tells a file's format from its content: Parquet, CSV, JSON Lines, each also in gz and zst, or a Profile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from nephoscope.errors import Unreadable

HEAD_BYTES = 64 * 1024


class Format(StrEnum):
    """What a file holds."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, and how it is packed."""

    format: Format
    compression: str | None = None  # as pyarrow names it: "gzip", "zstd"


_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_ODD_TEXT = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def content_of(file: pa.NativeFile, name: str) -> Content:
    """
    Look at the first bytes of a file, which is left at its beginning.

    Raises:
        Unreadable: It is empty, damaged, or of no known format.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise Unreadable(f"'{name}' has 0 bytes.", do="write it again", why="NO_DATA")
    compression = next((packing for magic, packing in _PACKED.items() if head.startswith(magic)), None)
    if compression:
        head = _unpacked(file, compression, name)
    return Content(_format_of(head, name), compression)


def _unpacked(file: pa.NativeFile, compression: str, name: str) -> bytes:
    try:
        head: bytes = pa.CompressedInputStream(_kept_open(file), compression).read(HEAD_BYTES)
    except (OSError, pa.ArrowException, EOFError) as error:
        raise Unreadable(
            f"'{name}' begins like {compression} and cannot be unpacked: {error}.", do="write it again"
        ) from error
    finally:
        file.seek(0)
    if not head:
        raise Unreadable(
            f"'{name}' is packed with {compression} and has 0 bytes inside.", do="write it again", why="NO_DATA"
        )
    return head


def _kept_open(file: pa.NativeFile) -> pa.PythonFile:
    """The file under a wrapper that can be closed without closing it."""
    return pa.PythonFile(_Borrowed(file), mode="r")


class _Borrowed:
    """A file whose `close` does nothing."""

    closed = False

    def __init__(self, file: pa.NativeFile) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(size)
        return data

    def close(self) -> None:
        """Leave the file open for its owner."""


def _format_of(head: bytes, name: str) -> Format:
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if odd := next((text for magic, text in _ODD_TEXT.items() if head.startswith(magic)), None):
        raise Unreadable(f"'{name}' is {odd} text; UTF-8 is read.", do="convert it: iconv -f UTF-16 -t UTF-8")
    if b"\x00" in head:
        raise Unreadable(
            f"'{name}' is neither Parquet nor text.", do="give a Parquet, CSV or JSON Lines file, or a Profile"
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return Format.PROFILE if b'"nephoscope.profile/' in text and b'"columns"' in text else Format.JSONL
    if not text:
        raise Unreadable(f"'{name}' holds nothing but white space.", do="write it again", why="NO_DATA")
    return Format.CSV
