"""How far a view was synced to one cloud; each cloud has its own, whatever Feast's registry says of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nephoscope.features.plan import Window


@dataclass(frozen=True, slots=True)
class Watermark:
    """What is known to be in one cloud's online store."""

    until: datetime  # every row up to this event time was counted in and out
    rows: int  # of the last sync
    at: datetime  # when it ended
    newest_us: int | None = None  # the latest event time that was ever written
    newest_key: str = ""  # whose it was: a serialized entity key in hex
    since: datetime | None = None  # every row from this event time on; None in a record from before it was kept

    def synced(self, presumed: datetime) -> Window:
        """The event times that are in the store; a record from before that was kept begins where it is presumed to."""
        return Window(self.since or presumed, self.until)


def advanced(old: Watermark | None, window: Window | None, new: Watermark) -> Watermark | None:
    """
    Move a watermark to the end of a window that was synced; it never moves back and never over a gap.

    Args:
        old: As it stands, moved by whoever else was here.
        window: What was synced; one that begins after `old` ends proves nothing about what lies between. None where
            only some of the files were read, which proves nothing about the others.
        new: What this sync saw.
    """
    if old is None:
        return None if window is None else new
    until, since = old.until, old.since
    if window is not None and window.start <= old.until:
        until = max(until, new.until)
        since = min(filter(None, (old.since or new.since, window.start)))
    newer = new.newest_us is not None and (old.newest_us is None or new.newest_us >= old.newest_us)
    return Watermark(
        until,
        new.rows,
        new.at,
        new.newest_us if newer else old.newest_us,
        new.newest_key if newer else old.newest_key,
        since,
    )
