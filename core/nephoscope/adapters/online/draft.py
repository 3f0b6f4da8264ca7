"""An online store that is only looked at: what a dry run would write is counted and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.features.rows import Rows, Stored, Written
from nephoscope.features.view import View
from nephoscope.ports import OnlineStore


@dataclass(frozen=True, slots=True)
class DraftOnlineStore:
    """Another store, read and not written."""

    store: OnlineStore
    atomic: bool = True
    batch_rows: int = 0

    def prepare(self, view: View) -> None:
        """Nothing is made."""

    def write(self, view: View, rows: Rows) -> Written:
        """Count what would be written."""
        held = self.store.read(view, rows.keys.rows())
        older = sum(row is not None and row.event_us > at for row, at in zip(held, rows.event_us.tolist(), strict=True))
        return Written(len(rows) - older, older)

    def read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        """What the other store holds."""
        return self.store.read(view, keys)
