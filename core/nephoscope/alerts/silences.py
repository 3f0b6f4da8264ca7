"""
Silences: what somebody wants not to be told for a while, with a name, a reason and an end.

A silence keeps back telling, never recording: what began in silence and goes on is told when the silence ends, and so
is the end of what was told before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nephoscope.alerts.matchers import Matcher, parse
from nephoscope.events import stable_id

LONGEST = timedelta(days=30)
PREFIX = "silences/"


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence; `id` is a hash of what it says."""

    id: str
    matchers: tuple[str, ...]
    author: str
    reason: str
    starts: datetime
    ends: datetime
    expired_by: str = ""  # who ended it early

    @property
    def key(self) -> str:
        """Where its record lies."""
        return f"{PREFIX}{self.id}.json"

    def active(self, now: datetime) -> bool:
        """Whether it holds now."""
        return self.starts <= now < self.ends

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether all its matchers hold."""
        return all(parse(text).matches(labels) for text in self.matchers)

    def __str__(self) -> str:
        return f"{{{', '.join(self.matchers)}}} until {self.ends:%Y-%m-%d %H:%M} UTC, by {self.author}: {self.reason}"


def silence(matchers: Sequence[str], *, author: str, reason: str, starts: datetime, ends: datetime) -> Silence:
    """
    Make a silence.

    Raises:
        ValueError: It would silence everything, has no author or reason, or no end within 30 days.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    >>> silence(['model=~".*"'], author="ada", reason="move", starts=noon, ends=noon + timedelta(hours=1))
    Traceback (most recent call last):
        ...
    ValueError: {model=~".*"} matches every Alert; name at least one label that must have a value
    """
    parsed = [parse(text) for text in matchers]
    if not any(_narrows(matcher) for matcher in parsed):
        written = ", ".join(map(str, parsed))
        raise ValueError(f"{{{written}}} matches every Alert; name at least one label that must have a value")
    if not author.strip() or not reason.strip():
        raise ValueError("a silence needs an author and a reason")
    if not starts < ends <= starts + LONGEST:
        raise ValueError(f"a silence ends after it starts, at most {LONGEST.days} days later")
    texts = tuple(map(str, parsed))
    identity = stable_id(*sorted(texts), author, reason, starts.isoformat(), ends.isoformat())[:16]
    return Silence(identity, texts, author, reason, starts, ends)


def _narrows(matcher: Matcher) -> bool:
    """Whether a label without a value fails it, and not every value passes it."""
    takes_all = "~" in matcher.operator and all(
        matcher.matches({matcher.name: value}) for value in ("a", "fraud_detection_v2", "\x00", "-", "0 0")
    )
    return not matcher.matches({}) and not takes_all


def covering(silences: Sequence[Silence], labels: Mapping[str, str], *, now: datetime) -> Silence | None:
    """The silence that keeps an Alert back for longest; None where none does."""
    its = [each for each in silences if each.active(now) and each.covers(labels)]
    return max(its, key=lambda each: each.ends, default=None)
