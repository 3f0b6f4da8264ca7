"""The plain bytes of a file that may be packed, as often as they are wanted, never more than a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.nesting import DEEPEST, Nesting
from nephoscope.errors import Unreadable

BOM = b"\xef\xbb\xbf"
_QUOTE = ord('"')
_BEFORE_A_FIELD = np.isin(np.arange(256), list(b",\r\n"))


class Quotes:
    """
    The quotes of a stream of CSV, and which of its line breaks they enclose.

    A quote opens a field only where the field begins; in any other place of a bare field it is a letter, for Python's
    csv module and for pyarrow. In nearly every block no quote is a letter, and then every other one opens. Only blocks
    of which that is not true are looked at quote by quote.
    """

    def __init__(self) -> None:
        self.open = False  # whether the stream so far ends inside quotes
        self._last = ord("\n")  # its last byte; 0 in place of a quote that is a letter

    def end(self, data: bytes) -> int:
        """Where the last line break outside quotes ends in the next bytes of the stream; 0 if there is none."""
        turns, was_open = self._turns(data), self.open
        self.open ^= len(turns) % 2 == 1
        at, before = data.rfind(b"\n"), len(turns)
        while at >= 0:
            before = int(np.searchsorted(turns[:before], at))
            if was_open ^ (before % 2 == 1):
                at = data.rfind(b"\n", 0, int(turns[before - 1])) if before else -1
            else:
                break
        return at + 1

    def _turns(self, data: bytes) -> npt.NDArray[np.int64]:
        """Where quotes open or close, two quotes inside quotes being a close and an opening."""
        letters = np.frombuffer(data, dtype=np.uint8)
        quotes = np.flatnonzero(letters == _QUOTE) if b'"' in data else np.empty(0, dtype=np.int64)
        before = letters[quotes - 1]
        if data[0] == _QUOTE:
            before[0] = self._last
        opening = before[int(self.open) :: 2]
        if not (_BEFORE_A_FIELD[opening] | (opening == _QUOTE)).all():
            quotes = self._one_by_one(quotes, _BEFORE_A_FIELD[before])
        self._last = data[-1] if data[-1] != _QUOTE or (len(quotes) and quotes[-1] == len(data) - 1) else 0
        return quotes

    def _one_by_one(self, quotes: npt.NDArray[np.int64], first: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        turns: list[int] = []
        inside, turned = self.open, -1 if self._last == _QUOTE else -2
        for at, begins in zip(quotes.tolist(), first.tolist(), strict=True):
            if inside or begins or turned == at - 1:
                turns.append(at)
                inside, turned = not inside, at
        return np.array(turns, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file, how it is packed, and how much may come out of it."""

    file: pa.NativeFile
    compression: str | None
    name: str
    limits: ReadLimits

    def blocks(self, size: int, nesting: Nesting | None = None, quotes: Quotes | None = None) -> Iterator[bytes]:
        """
        The plain bytes in blocks of whole lines, from the first line on that is not empty.

        Args:
            size: Bytes of a block, about, and the longest line.
            nesting: What watches the nesting of JSON.
            quotes: What watches the quotes of CSV, inside which a line does not end.

        Raises:
            Unreadable: A line is longer than a block, nested too deep, or ends inside quotes.
        """
        stream = self.stream()
        rest, begun = b"", False
        while data := stream.read(size):
            data = data if begun else data.removeprefix(BOM)
            if nesting is not None and nesting.too_deep(data):
                raise Unreadable(f"'{self.name}' is nested deeper than {DEEPEST:,}.", do="flatten it")
            end = data.rfind(b"\n") + 1 if quotes is None else quotes.end(data)
            if not end and len(rest) + len(data) > size:
                do = "check its line breaks" if quotes is None else "check its line breaks and quotes"
                raise Unreadable(f"'{self.name}' has a line of more than {size:,} bytes.", do=do)
            block = rest + data[:end] if end else b""
            if block := block if begun else block.lstrip(b"\r\n"):
                begun = True
                yield block
            rest = data[end:] if end else rest + data
        if quotes is not None and quotes.open:
            raise Unreadable(f"'{self.name}' ends inside quotes.", do="close its last quote, or land it whole")
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
