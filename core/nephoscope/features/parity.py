"""
Parity: the same keys, read from every cloud's store, hold the same values and event times.

Each cloud tells digests of what it holds for its sample. Where a sample is full, only keys below the largest hash that
every full sample reaches are compared: above it, a key may be missing from a sample and yet be stored. Left out is also
a key whose newest row over all stores is older than a sync reads: a store that came later will never be given it.

Stores keep times to the microsecond, to the millisecond or to the second. Of two stores the coarser one decides: times
that lie less than its step apart are one event time, and rows of one event time have to hold the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from nephoscope.findings import Finding, at_most, measured, unknown

CHECK = "features.parity"
_STEPS_US = (1_000_000, 1_000)


@dataclass(frozen=True, slots=True)
class Held:
    """One row as a cloud tells it."""

    event_us: int
    digest: str  # of the values by name, 16 hex digits


@dataclass(frozen=True, slots=True)
class Sampled:
    """What one cloud's store holds for its sample of one view, by the key's hash in 16 hex digits."""

    rows: Mapping[str, Held | None]  # None where the store has no such row
    full: bool = False  # as many keys as fit: there may be more with larger hashes
    from_us: int | None = None  # the earliest event time that its last sync would have read; None where nobody tells


def parity(
    view: str, samples: Mapping[str, Sampled], *, differing: float = 0.0, tolerance_seconds: float = 0.0
) -> Finding:
    """
    Compare one view over the clouds that answered.

    Args:
        view: Its name.
        samples: By cloud, what its store holds.
        differing: The largest good share of keys that differ.
        tolerance_seconds: A key whose event times differ and lie this close together is not counted, whatever its
            values.

    Returns:
        The share of keys that are missing somewhere or differ; unknown with fewer than two clouds or no key in common.
    """
    limit = at_most(differing)
    if len(samples) < 2:
        told = f"only {', '.join(samples) or 'no cloud'} answered: there is nothing to compare"
        return unknown(CHECK, view, reason=told, limit=limit)
    held = _within_reach(samples)
    keys = _comparable(held, samples)
    aged = len(held) - len(keys)
    if not keys:
        told = "no key was sampled that could be compared" + (f": {aged} are beyond their age" if aged else "")
        return unknown(CHECK, view, reason=told, limit=limit)
    steps = {cloud: _step_us(sample) for cloud, sample in samples.items()}
    compared = [_compared(_held(key, samples, steps), tolerance_seconds * 1e6) for key in keys]
    missing = {cloud: sum(sample.rows.get(key) is None for key in keys) for cloud, sample in samples.items()}
    times = sum(each.times for each in compared)
    values = sum(each.values and not each.times for each in compared)
    skew = max(each.skew_us for each in compared) / 1e6
    evidence: dict[str, float | str] = {
        "keys": len(keys),
        "clouds": ", ".join(sorted(samples)),
        "missing": sum(missing.values()),
        "other_times": times,
        "other_values": values,
        "worst_skew_seconds": skew,
        "aged": aged,
        **{f"missing_{cloud}": count for cloud, count in missing.items() if count},
    }
    differ = sum(each.times or each.values or each.rows < len(samples) for each in compared)
    told = (
        f"{len(keys)} keys over {len(samples)} clouds: {sum(missing.values())} missing, {times} with other event times"
        f" (at worst {skew:.0f} s apart), {values} with other values"
    )
    if aged:
        told += f"; {aged} left out, beyond their age"
    return measured(CHECK, view, differ / len(keys), limit, reason=told, evidence=evidence)


def silent(view: str, cloud: str, why: str) -> Finding:
    """A cloud whose store did not answer."""
    return unknown(CHECK, view, reason=f"{cloud} did not answer: {why}", labels={"cloud": cloud})


def _within_reach(samples: Mapping[str, Sampled]) -> dict[str, int]:
    """The keys that every sample would hold, each with its newest event time over all stores."""
    reach = min((max(sample.rows, default="") for sample in samples.values() if sample.full), default="g")
    keys = {key for sample in samples.values() for key in sample.rows if key <= reach}
    rows = {key: [row for sample in samples.values() if (row := sample.rows.get(key)) is not None] for key in keys}
    return {key: max(row.event_us for row in found) for key, found in rows.items() if found}


def _comparable(newest_us: Mapping[str, int], samples: Mapping[str, Sampled]) -> list[str]:
    """The keys that the last of the syncs would still have written."""
    told = [sample.from_us for sample in samples.values() if sample.from_us is not None]
    return sorted(key for key, event_us in newest_us.items() if not told or event_us >= max(told))


@dataclass(frozen=True, slots=True)
class _Compared:
    """One key over the stores."""

    rows: int
    times: bool  # its event times lie further apart than they may
    values: bool  # its rows of one event time hold different values
    skew_us: int


def _compared(held: list[tuple[Held, int]], tolerance_us: float) -> _Compared:
    times = values = False
    skew_us = 0
    for (one, fine), (other, coarse) in combinations(held, 2):
        apart, step = abs(one.event_us - other.event_us), max(fine, coarse)
        times |= apart >= tolerance_us + step
        values |= apart < step and one.digest != other.digest
        skew_us = max(skew_us, apart)
    return _Compared(len(held), times, values, skew_us)


def _step_us(sample: Sampled) -> int:
    """How exactly a store keeps times, as its rows show."""
    times = [row.event_us for row in sample.rows.values() if row is not None]
    return next((step for step in _STEPS_US if not any(time % step for time in times)), 1)


def _held(key: str, samples: Mapping[str, Sampled], steps: Mapping[str, int]) -> list[tuple[Held, int]]:
    found = [(sample.rows.get(key), steps[cloud]) for cloud, sample in samples.items()]
    return [(row, step) for row, step in found if row is not None]


def to_reading(sample: Sampled) -> dict[str, Any]:
    """What travels in a Report."""
    rows = {key: None if row is None else [row.event_us, row.digest] for key, row in sample.rows.items()}
    return {"rows": rows, "full": sample.full, "from_us": sample.from_us}


def from_reading(reading: Mapping[str, Any]) -> Sampled:
    """
    What came with a Report.

    >>> from_reading(to_reading(Sampled({"00ff": Held(5, "ab"), "01aa": None}, full=True))).rows["00ff"]
    Held(event_us=5, digest='ab')
    """
    rows = {key: None if row is None else Held(int(row[0]), str(row[1])) for key, row in reading["rows"].items()}
    return Sampled(rows, bool(reading["full"]), reading.get("from_us"))
