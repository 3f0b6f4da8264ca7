"""A calendar month in UTC, its end exclusive, and how much of it can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    first: date

    @classmethod
    def of(cls, text: str) -> Month:
        """
        Read "2026-05".

        Raises:
            ValueError: It is no month.
        """
        return cls(date.fromisoformat(f"{text}-01"))

    @classmethod
    def at(cls, moment: datetime) -> Month:
        """The month of a moment, in UTC."""
        return cls(moment.astimezone(UTC).date().replace(day=1))

    @property
    def end(self) -> date:
        """The first day of the next month."""
        return (self.first + timedelta(days=32)).replace(day=1)

    def told_until(self, now: datetime) -> date:
        """
        The day up to which whole days lie in the past, exclusive.

        >>> Month.of("2026-02").told_until(datetime(2026, 2, 10, 6, tzinfo=UTC)).isoformat()
        '2026-02-10'
        >>> Month.of("2026-02").told_until(datetime(2026, 5, 1, tzinfo=UTC)).isoformat()
        '2026-03-01'
        """
        return max(self.first, min(self.end, now.astimezone(UTC).date()))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def days(start: date, end: date) -> list[date]:
    """Every day from `start` to `end`, exclusive."""
    return [start + timedelta(days=number) for number in range((end - start).days)]


def midnight(day: date) -> datetime:
    """The UTC time at which a day begins."""
    return datetime.combine(day, time(), UTC)
