"""
Silences: what somebody wants not to be told for a while, with a name, a reason and an end.

A silence keeps back telling, never recording: what began in silence and goes on is told when the silence ends, and so
is the end of what was told before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nephoscope.alerts.life import Phase
from nephoscope.alerts.matchers import Matcher, parse
from nephoscope.drift.limits import CHECKS as COLUMN_CHECKS
from nephoscope.events import stable_id
from nephoscope.findings import Severity

LONGEST = timedelta(days=30)
PREFIX = "silences/"

CHECKS = {  # the names of all checks, by their family
    "drift": (
        *("schema", "table", "rows", "newest", "duplicates", "share", "default", "evidently"),
        *("infinite", "out_of_range", "constant", "new_categories", "vanished_categories"),
        *COLUMN_CHECKS,
    ),
    "cost": ("bill", "total", "unit", "budget", "provider_share", "forecast", "anomaly", "reconciliation"),
    "monitoring": ("limit", "reference", "adaptive", "read", "spread", "canary", "version", "version_lag"),
    "features": ("smoke", "sync", "freshness", "parity"),
    "security": ("access", "event"),
    "report": ("readings",),
    "hub": ("heartbeat", "channel", "dead_letters"),
}

# Of the labels that every Alert has, the values that open ones have; of others, whatever people may have chosen.
_IN_USE: Mapping[str, Sequence[str]] = {
    "check": [f"{family}.{name}" for family, names in CHECKS.items() for name in names],
    "severity": list(Severity),
    "state": [Phase.FIRING, Phase.UNKNOWN],
    "cloud": ["aws", "azure", "gcp", "local"],
    "job": ["drift", "cost", "monitoring", "features", "security", "rollup", "hub", "sweep"],
}
_ANYTHING = ("a", "fraud_detection_v2", "\x00", "-", "0 0")


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

    def __post_init__(self) -> None:
        for text in self.matchers:
            parse(text)

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
    ValueError: {model=~".*"} matches every Alert; name at least one label that must have a value, and which
    """
    parsed = [parse(text) for text in matchers]
    if not any(_narrows(matcher) for matcher in parsed):
        what = f"{{{', '.join(map(str, parsed))}}} matches every Alert"
        raise ValueError(f"{what}; name at least one label that must have a value, and which")
    if not author.strip() or not reason.strip():
        raise ValueError("a silence needs an author and a reason")
    if not starts < ends <= starts + LONGEST:
        raise ValueError(f"a silence ends after it starts, at most {LONGEST.days} days later")
    texts = tuple(map(str, parsed))
    identity = stable_id(*sorted(texts), author, reason, starts.isoformat(), ends.isoformat())[:16]
    return Silence(identity, texts, author, reason, starts, ends)


def _narrows(matcher: Matcher) -> bool:
    """Whether a label without a value fails it, and not every value in use passes it."""
    in_use = _IN_USE.get(matcher.name, _ANYTHING)
    return not matcher.matches({}) and not all(matcher.matches({matcher.name: value}) for value in in_use)


def covering(silences: Sequence[Silence], labels: Mapping[str, str], *, now: datetime) -> Silence | None:
    """The silence that keeps an Alert back for longest; None where none does."""
    its = [each for each in silences if each.active(now) and each.covers(labels)]
    return max(its, key=lambda each: each.ends, default=None)
