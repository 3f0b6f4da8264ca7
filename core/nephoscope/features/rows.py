"""Rows that are ready to be stored, and rows that were read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nephoscope.features.columns import Plain, stacked
from nephoscope.features.ragged import Integers, Mask, Ragged, concatenated
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


def gathered(batches: Iterable[Rows], least: int) -> Iterator[Rows]:
    """Batches put together until they have `least` rows; what is left comes last, and no row changes its place."""
    held: list[Rows] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= least:
            yield _whole(held)
            held.clear()
    if held:
        yield _whole(held)


def _whole(parts: Sequence[Rows]) -> Rows:
    first, *others = parts
    if not others:
        return first
    created = [part.created_us for part in parts if part.created_us is not None]
    return Rows(
        concatenated([part.keys for part in parts]),
        np.concatenate([part.event_us for part in parts]),
        np.concatenate(created) if created else None,
        {name: _column([part.features[name] for part in parts]) for name in first.features},
    )


def _column(parts: Sequence[Feature]) -> Feature:
    plain = [part.plain for part in parts if part.plain is not None]
    return Feature(
        concatenated([part.values for part in parts]),
        parts[0].kind if len(plain) == len(parts) else None,
        stacked(plain) if len(plain) == len(parts) else None,
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
