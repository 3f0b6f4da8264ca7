"""
How far each view is in each cloud, and who is at it: one record a view and cloud, under compare-and-swap.

    features/<project>/<cloud>/<view>.json
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nephoscope import records
from nephoscope.features.plan import Window
from nephoscope.features.ragged import of_rows
from nephoscope.features.sample import merged
from nephoscope.features.view import View
from nephoscope.features.watermark import Watermark, advanced
from nephoscope.ports import State


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may write a view until when."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of one view in one cloud."""

    watermark: Watermark | None = None
    sample: tuple[str, ...] = ()  # serialized entity keys in hex, in the order of their hashes
    lease: Lease | None = None
    view: str = ""  # the digest of the view that was synced; empty in a record from before it was kept


@dataclass(frozen=True, slots=True)
class ViewProgress:
    """The record of one view in one cloud."""

    state: State
    project: str
    cloud: str
    view: View

    def read(self) -> Progress:
        """What is known now of the view as it is described now."""
        return self._of_view(records.read(self.state, self._key, Progress))

    def claim(self, owner: str, now: datetime, length: timedelta) -> bool:
        """Take the lease, unless another holds it; whoever holds it keeps it by claiming again."""

        def to(old: Progress | None) -> Progress:
            known = old or Progress()
            if known.lease is not None and known.lease.owner != owner and known.lease.until > now:
                return known if old is not None else Progress()
            return replace(known, lease=Lease(owner, now + length))

        held = records.change(self.state, self._key, Progress, to)
        return held is not None and held.lease is not None and held.lease.owner == owner

    def release(self, owner: str) -> None:
        """Let go of the lease, where it is still this owner's."""

        def to(old: Progress | None) -> Progress | None:
            mine = old is not None and old.lease is not None and old.lease.owner == owner
            return replace(old, lease=None) if old is not None and mine else old

        records.change(self.state, self._key, Progress, to)

    def advance(self, window: Window | None, mark: Watermark, sample: list[bytes], size: int, owner: str) -> None:
        """Move the watermark, keep the sample of everything that was ever synced, and let go of the lease."""

        def to(old: Progress | None) -> Progress:
            known = self._of_view(old)
            mine = known.lease is not None and known.lease.owner == owner
            keys = merged([of_rows(bytes.fromhex(key) for key in known.sample), of_rows(sample)], size)
            return Progress(
                advanced(known.watermark, window, mark),
                tuple(key.hex() for key in keys),
                None if mine else known.lease,
                self.view.digest,
            )

        records.change(self.state, self._key, Progress, to)

    def _of_view(self, known: Progress | None) -> Progress:
        """The record, without what was synced of the view when it was described otherwise."""
        if known is None:
            return Progress()
        return known if known.view in ("", self.view.digest) else Progress(lease=known.lease)

    @property
    def _key(self) -> str:
        return f"features/{self.project}/{self.cloud}/{self.view.name}.json"
