"""The plain bytes of a file that may be packed, as often as they are wanted, never more than a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.nesting import DEEPEST, Nesting
from nephoscope.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file, how it is packed, and how much may come out of it."""

    file: pa.NativeFile
    compression: str | None
    name: str
    limits: ReadLimits

    def blocks(self, size: int, nesting: Nesting | None = None) -> Iterator[bytes]:
        """
        The plain bytes in blocks of whole lines, those of nothing but white space left out.

        Args:
            size: Bytes of a block, about, and the longest line.
            nesting: What watches the nesting of JSON.

        Raises:
            Unreadable: A line is longer than a block, or nested too deep.
        """
        stream = self.stream()
        rest = b""
        while data := stream.read(size):
            if nesting is not None and nesting.too_deep(data):
                raise Unreadable(f"'{self.name}' is nested deeper than {DEEPEST:,}.", do="flatten it")
            end = data.rfind(b"\n") + 1
            if not end and len(rest) + len(data) > size:
                raise Unreadable(f"'{self.name}' has a line of more than {size:,} bytes.", do="check its line breaks")
            if block := (rest + data[:end]).strip(b"\r\n"):
                yield block + b"\n"
            rest = data[end:] if end else rest + data
        if rest.strip():
            yield rest

    def stream(self) -> pa.PythonFile:
        """The plain bytes from the beginning; closing them leaves the file open for its owner."""
        self.file.seek(0)
        plain = self.file
        if self.compression:
            plain = pa.CompressedInputStream(pa.PythonFile(_Counted(self.file, None, ""), mode="r"), self.compression)
        return pa.PythonFile(_Counted(plain, self._most(), self.name), mode="r")

    def _most(self) -> int:
        if not self.compression:
            return self.limits.file_bytes
        packed: int = self.file.size()
        return min(self.limits.decoded_bytes, max(self.limits.unpacked_bytes, self.limits.unpacked_times * packed))


class _Counted:
    """A stream that counts what is read of it, and whose `close` does nothing."""

    closed = False

    def __init__(self, stream: pa.NativeFile, most: int | None, name: str) -> None:
        self._stream = stream
        self._left = most
        self._most = most
        self._name = name

    def read(self, size: int) -> bytes:
        data: bytes = self._stream.read(size)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise Unreadable(
                    f"'{self._name}' unpacks to more than {self._most:,} bytes.", do="unpack it, or land Parquet"
                )
        return data

    def close(self) -> None:
        """Leave the stream open for its owner."""
