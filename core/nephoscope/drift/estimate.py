"""A value that is known exactly, or within an interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """The best value, and the interval in which the true one is certain to lie."""

    value: float
    low: float
    high: float

    @classmethod
    def exact(cls, value: float) -> Estimate:
        """A value without doubt."""
        return cls(value, value, value)

    @property
    def bound(self) -> float:
        """The largest possible error of the value."""
        return max(self.high - self.value, self.value - self.low, 0.0)

    def through(self, function: Callable[[float], float]) -> Estimate:
        """
        The value of a function that never decreases.

        >>> Estimate(4.0, 1.0, 9.0).through(math.sqrt)
        Estimate(value=2.0, low=1.0, high=3.0)
        """
        return Estimate(function(self.value), function(self.low), function(self.high))


def within(value: float, low: float, high: float) -> Estimate:
    """An estimate whose best value is drawn into the interval, should it lie outside."""
    return Estimate(min(max(value, low), high), low, high)


def root(value: float) -> float:
    """The square root of what is zero or, by rounding, a little below."""
    return math.sqrt(max(value, 0.0))
