"""What a cloud tells of its store: digests of the rows of its sample, from which no value can be read back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from nephoscope.features.parity import Held, Sampled
from nephoscope.features.ragged import of_rows
from nephoscope.features.rows import Stored
from nephoscope.features.sample import hashes
from nephoscope.features.sets import settled


def sampled(
    keys: Sequence[bytes], stored: Sequence[Stored | None], *, full: bool = False, from_us: int | None = None
) -> Sampled:
    """
    Make digests of what a store answered.

    Args:
        keys: Serialized entity keys.
        stored: What the store holds for each.
        full: The sample is as large as it may be.
        from_us: The earliest event time that the last sync would have read.
    """
    names = [f"{int(hashed):016x}" for hashed in hashes(of_rows(keys))]
    held = [None if row is None else Held(row.event_us, _digest(row)) for row in stored]
    return Sampled(dict(zip(names, held, strict=True)), full, from_us)


def _digest(row: Stored) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(row.values):
        for part in (name.encode(), settled(row.values[name])):
            digest.update(len(part).to_bytes(4, "little") + part)
    return digest.hexdigest()
