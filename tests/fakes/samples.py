"""What the fakes of the metric stores hold: samples by namespace, name and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import fmean

Key = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass
class Samples:
    """Samples of any number of metrics."""

    of: dict[Key, list[tuple[datetime, float]]] = field(default_factory=dict)

    def write(self, namespace: str, name: str, labels: Mapping[str, str], at: datetime, *values: float) -> None:
        """Keep some values of one time."""
        kept = self.of.setdefault((namespace, name, frozenset(labels.items())), [])
        kept.extend((at, value) for value in values)

    def exactly(self, namespace: str, name: str, labels: Mapping[str, str]) -> list[tuple[datetime, float]]:
        """The samples of the metric with just these labels."""
        return self.of.get((namespace, name, frozenset(labels.items())), [])

    def named(self, namespace: str, name: str) -> Iterator[tuple[dict[str, str], list[tuple[datetime, float]]]]:
        """Every metric of a name, with its labels."""
        for (space, called, labels), samples in self.of.items():
            if (space, called) == (namespace, name):
                yield dict(labels), samples


def periods(samples: list[tuple[datetime, float]], start: datetime, period: timedelta) -> dict[datetime, list[float]]:
    """The values of each period, by its start."""
    found: dict[datetime, list[float]] = {}
    for at, value in sorted(samples):
        found.setdefault(start + ((at - start) // period) * period, []).append(value)
    return found


SUMMARIES = {"Average": fmean, "Sum": sum, "Minimum": min, "Maximum": max}
ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
