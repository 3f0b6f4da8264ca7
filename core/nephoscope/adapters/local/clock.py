"""Clocks: the machine's, one that stands still, and one that a file tells to several processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """Always the same time, until somebody sets another."""

    at: datetime

    def now(self) -> datetime:
        """Tell the time it was set to."""
        return self.at


@dataclass(frozen=True, slots=True)
class FileClock:
    """A time written in a file, so that one process can move it for several."""

    path: Path

    def now(self) -> datetime:
        """Read the time."""
        return datetime.fromisoformat(self.path.read_text(encoding="ascii"))

    def set(self, at: datetime) -> None:
        """Move it; readers see the old time or the new one, never half of it."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(at.astimezone(UTC).isoformat(), encoding="ascii")
        draft.replace(self.path)
