"""Redis's wire format, RESP2, for a whole batch of rows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nephoscope.features.ragged import Ragged, joined, of_rows, repeated


def bulk_strings(column: Ragged) -> Ragged:
    r"""
    Frame each row as a bulk string.

    >>> bulk_strings(of_rows([b"ab", b""])).rows()
    [b'$2\r\nab\r\n', b'$0\r\n\r\n']

    Source: Redis serialization protocol specification, "Bulk strings".
    """
    sizes, places = np.unique(column.lengths, return_inverse=True)
    headers = of_rows(b"$%d\r\n" % size for size in sizes.tolist()).take(places.astype(np.int64))
    return joined([headers, column, repeated(b"\r\n", len(column))])


def bulk_string(value: bytes) -> bytes:
    """Frame one value."""
    return b"$%d\r\n%s\r\n" % (len(value), value)


def command_head(parts: Sequence[bytes], total: int) -> bytes:
    """The beginning of a command of `total` parts, of which these are the first."""
    return b"*%d\r\n" % total + b"".join(map(bulk_string, parts))
