"""Event times as `google.protobuf.Timestamp`: what Feast keeps beside the features of a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from nephoscope.features.ragged import Integers, Ragged, blanked, joined, repeated
from nephoscope.features.values import VARINT, tag
from nephoscope.features.varint import varints
from nephoscope.features.wire import fields, integer

PER_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instants(times_us: Integers) -> Ragged:
    """
    Encode times; a part that is 0 is left out.

    Args:
        times_us: Microseconds since 1970, UTC, shape (rows,).

    >>> [row.hex() for row in instants(np.array([0, 1_500_000, -1])).rows()]
    ['', '08011080cab5ee01', '08ffffffffffffffffff0110988cebdc03']

    Source: google/protobuf/timestamp.proto, where "nanos" counts forward in time even before 1970.
    """
    count = len(times_us)
    seconds, micros = np.divmod(times_us, PER_SECOND)
    whole = joined([repeated(tag(1, VARINT), count), varints(seconds)])
    rest = joined([repeated(tag(2, VARINT), count), varints(micros * 1000)])
    return joined([blanked(whole, seconds != 0), blanked(rest, micros != 0)])


def micros_of(at: datetime) -> int:
    """
    An aware time in microseconds since 1970.

    >>> micros_of(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
    -1
    """
    return (at - _EPOCH) // timedelta(microseconds=1)


def microseconds(instant: bytes) -> int:
    """
    Read one time back, in microseconds since 1970.

    Raises:
        Unreadable: It is no such message.

    >>> microseconds(bytes.fromhex("08011080cab5ee01")), microseconds(b"")
    (1500000, 0)
    """
    found = fields(instant)
    return integer(found, 1) * PER_SECOND + integer(found, 2) // 1000
