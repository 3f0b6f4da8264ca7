"""Tells a file's format from its content: Parquet, CSV, JSON Lines, each also in gz and zst, or a Profile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.streams import Unpacked
from nephoscope.errors import Unreadable

HEAD_BYTES = 64 * 1024
AGAIN = "write the file again, or land a good one"


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


def content_of(file: pa.NativeFile, name: str, limits: ReadLimits) -> Content:
    """
    Look at the first bytes of a file, which is left at its beginning.

    Raises:
        Unreadable: It is empty, damaged, or of no known format.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise Unreadable(f"'{name}' has 0 bytes.", do=AGAIN, why="NO_DATA")
    compression = next((packing for magic, packing in _PACKED.items() if head.startswith(magic)), None)
    if compression:
        head = _head(Unpacked(file, compression, name, limits))
    return Content(_format_of(head, name), compression)


def _head(packed: Unpacked) -> bytes:
    try:
        head: bytes = packed.stream().read(HEAD_BYTES)
    except (OSError, pa.ArrowException) as error:
        raise Unreadable(
            f"'{packed.name}' begins like {packed.compression} and cannot be unpacked: {error}.", do=AGAIN
        ) from error
    finally:
        packed.file.seek(0)
    if not head:
        raise Unreadable(
            f"'{packed.name}' is packed with {packed.compression} and has 0 bytes inside.", do=AGAIN, why="NO_DATA"
        )
    return head


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
        raise Unreadable(f"'{name}' holds nothing but white space.", do=AGAIN, why="NO_DATA")
    return Format.CSV


def first_line(error: Exception) -> str:
    """The first sentence of a library's error."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:300]
