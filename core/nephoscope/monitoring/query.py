"""What is asked of a metric store: a series by the store's own names, over whole periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Statistic(StrEnum):
    """How the samples of one period become one value; the four that all three clouds can tell."""

    MEAN = "mean"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Query:
    """
    One series, spelled as its store spells it.

    `namespace` is CloudWatch's namespace, the table of a Logs workspace, the namespace of an Azure resource's metrics,
    or the path before a Google metric type's last segment. `resource` is set for metrics of one Azure resource alone.
    """

    namespace: str
    name: str
    labels: tuple[tuple[str, str], ...]  # CloudWatch dimensions, custom properties, metric labels; in order
    statistic: Statistic = Statistic.MEAN
    resource: str = ""

    def __str__(self) -> str:
        labels = ", ".join(f"{name}={value}" for name, value in self.labels)
        return f"{self.namespace}/{self.name}{{{labels}}}"


def query(
    namespace: str,
    name: str,
    labels: Mapping[str, str],
    *,
    statistic: Statistic = Statistic.MEAN,
    resource: str = "",
) -> Query:
    """
    Spell a query; the order of its labels means nothing.

    >>> print(query("MLOps/Models", "Accuracy", {"ModelName": "fraud_detection_v2"}))
    MLOps/Models/Accuracy{ModelName=fraud_detection_v2}
    """
    return Query(namespace, name, tuple(sorted(labels.items())), statistic, resource)


def labelled(asked: Query, label: str, value: str) -> Query:
    """
    The query with one more label.

    >>> print(labelled(query("MLOps/Models", "Accuracy", {"ModelName": "churn"}), "ModelVersion", "3"))
    MLOps/Models/Accuracy{ModelName=churn, ModelVersion=3}
    """
    return replace(asked, labels=tuple(sorted({**dict(asked.labels), label: value}.items())))


def without(asked: Query, label: str) -> Query:
    """The query without one of its labels."""
    return replace(asked, labels=tuple((name, value) for name, value in asked.labels if name != label))


@dataclass(frozen=True, slots=True)
class Window:
    """Whole periods from `start`, inclusive, to `end`, exclusive; aware UTC, aligned to the period."""

    start: datetime
    end: datetime
    period: timedelta

    @property
    def starts(self) -> tuple[datetime, ...]:
        """The start of each period, the oldest first."""
        return tuple(self.start + index * self.period for index in range((self.end - self.start) // self.period))

    def before(self, past: timedelta) -> Window:
        """The window of this length that ends where this one starts."""
        return Window(self.start - (past // self.period) * self.period, self.start, self.period)


def complete(at: datetime, *, lag: timedelta, period: timedelta, periods: int) -> Window:
    """
    The newest periods whose data the store has completely.

    Args:
        at: The time the question belongs to: the slot of a timer, not the clock, so that a late or repeated run asks
            for the same periods.
        lag: How long the store takes until a sample can be read.
        period: The length of one period, aligned to midnight UTC.
        periods: How many of them.

    >>> from datetime import UTC
    >>> hour = complete(
    ...     datetime(2026, 3, 29, 10, 1, tzinfo=UTC), lag=timedelta(minutes=2), period=timedelta(hours=1), periods=1
    ... )
    >>> f"{hour.start:%H:%M} to {hour.end:%H:%M}"
    '08:00 to 09:00'
    """
    end = EPOCH + ((at.astimezone(UTC) - lag - EPOCH) // period) * period
    return Window(end - periods * period, end, period)
