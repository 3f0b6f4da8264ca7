"""One value of a model-quality metric, spelled as the store that it is written to spells it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nephoscope.events import stable_id


@dataclass(frozen=True, slots=True)
class Sample:
    """A value at a time."""

    namespace: str
    name: str
    labels: tuple[tuple[str, str], ...]
    at: datetime
    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"'{self.name}' is {self.value}: a metric is a finite number")

    @property
    def series(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """Which series it belongs to."""
        return (self.namespace, self.name, self.labels)

    def __str__(self) -> str:
        labels = ", ".join(f"{name}={value}" for name, value in self.labels)
        return f"{self.namespace}/{self.name}{{{labels}}} = {self.value:g} at {self.at.isoformat()}"


def batch_id(cloud: str, batch: Iterable[Sample]) -> str:
    """The identity of a batch: the same for the same samples, whoever writes them and when."""
    return stable_id("metrics", cloud, *(f"{sample} {sample.value!r}" for sample in batch))


def within(
    samples: Iterable[Sample], size: Callable[[Sample], int], *, most_bytes: int, most: int
) -> list[Sequence[Sample]]:
    """
    Samples in batches of at most so many bytes and so many samples; one that is larger is a batch of its own.

    >>> from datetime import UTC
    >>> one = Sample("n", "a", (), datetime(2026, 1, 1, tzinfo=UTC), 1.0)
    >>> [len(batch) for batch in within([one] * 7, lambda _: 10, most_bytes=30, most=5)]
    [3, 3, 1]
    """
    found: list[list[Sample]] = []
    room = 0
    for sample in samples:
        needed = size(sample)
        if not found or needed > room or len(found[-1]) == most:
            found.append([])
            room = most_bytes
        found[-1].append(sample)
        room -= needed
    return list(found)


def rounds(samples: Sequence[Sample]) -> list[list[Sample]]:
    """
    Samples in rounds of one of each series, each series in order of time.

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> one, other = Sample("n", "a", (), at, 1.0), Sample("n", "b", (), at, 2.0)
    >>> later = Sample("n", "a", (), at.replace(minute=1), 3.0)
    >>> [[sample.value for sample in each] for each in rounds([later, one, other])]
    [[1.0, 2.0], [3.0]]
    """
    series: dict[object, list[Sample]] = {}
    for sample in sorted(samples, key=lambda each: each.at):
        series.setdefault(sample.series, []).append(sample)
    longest = max(map(len, series.values()), default=0)
    return [[each[turn] for each in series.values() if turn < len(each)] for turn in range(longest)]
