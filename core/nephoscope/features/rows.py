"""Rows that are ready to be stored, and rows that were read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nephoscope.features.columns import Plain
from nephoscope.features.ragged import Integers, Mask, Ragged
from nephoscope.features.value_types import ValueType


@dataclass(frozen=True, slots=True)
class Feature:
    """One encoded column; `plain` is what it was made from, where our own encoder made it."""

    values: Ragged  # serialized `feast.types.Value`, empty where absent
    kind: ValueType | None = None
    plain: Plain | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch: what each store is given, whatever made it."""

    keys: Ragged  # serialized entity keys, version 3
    event_us: Integers  # microseconds since 1970, UTC
    created_us: Integers | None
    features: Mapping[str, Feature]  # in the view's order

    def __len__(self) -> int:
        return len(self.event_us)

    def take(self, chosen: Mask | Integers) -> Rows:
        """The rows under a mask, or at positions."""
        return Rows(
            self.keys.take(chosen),
            self.event_us[chosen],
            None if self.created_us is None else self.created_us[chosen],
            {
                name: Feature(
                    feature.values.take(chosen),
                    feature.kind,
                    None if feature.plain is None else feature.plain.take(chosen),
                )
                for name, feature in self.features.items()
            },
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """One row as a store holds it."""

    event_us: int
    values: Mapping[str, bytes]  # by feature; empty bytes where absent


@dataclass(frozen=True, slots=True)
class Written:
    """What a store did with a batch; the two add up to its rows."""

    written: int
    older: int  # left alone, because the store held a newer row

    def __add__(self, other: Written) -> Written:
        return Written(self.written + other.written, self.older + other.older)
