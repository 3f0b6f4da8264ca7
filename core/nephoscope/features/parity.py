"""
Parity: the same keys, read from every cloud's store, hold the same values and event times.

Each cloud tells digests of what it holds for its sample. Where a sample is full, only keys below the largest hash that
every full sample reaches are compared: above it, a key may be missing from a sample and yet be stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nephoscope.findings import Finding, at_most, measured, unknown

CHECK = "features.parity"


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


def parity(
    view: str, samples: Mapping[str, Sampled], *, differing: float = 0.0, tolerance_seconds: float = 0.0
) -> Finding:
    """
    Compare one view over the clouds that answered.

    Args:
        view: Its name.
        samples: By cloud, what its store holds.
        differing: The largest good share of keys that differ.
        tolerance_seconds: A key whose event times lie this close together is not counted, whatever its values.

    Returns:
        The share of keys that are missing somewhere or differ; unknown with fewer than two clouds or no key in common.
    """
    limit = at_most(differing)
    if len(samples) < 2:
        told = f"only {', '.join(samples) or 'no cloud'} answered: there is nothing to compare"
        return unknown(CHECK, view, reason=told, limit=limit)
    keys = _comparable(samples)
    if not keys:
        return unknown(CHECK, view, reason="no key was sampled that could be compared", limit=limit)
    missing, times, values, skew = _count(keys, samples, tolerance_seconds)
    evidence: dict[str, float | str] = {
        "keys": len(keys),
        "clouds": ", ".join(sorted(samples)),
        "missing": sum(missing.values()),
        "other_times": times,
        "other_values": values,
        "worst_skew_seconds": skew,
        **{f"missing_{cloud}": count for cloud, count in missing.items() if count},
    }
    share = _differing(keys, samples, tolerance_seconds) / len(keys)
    told = (
        f"{len(keys)} keys over {len(samples)} clouds: {sum(missing.values())} missing, {times} with other event times"
        f" (at worst {skew:.0f} s apart), {values} with other values"
    )
    return measured(CHECK, view, share, limit, reason=told, evidence=evidence)


def silent(view: str, cloud: str, why: str) -> Finding:
    """A cloud whose store did not answer."""
    return unknown(CHECK, view, reason=f"{cloud} did not answer: {why}", labels={"cloud": cloud})


def _comparable(samples: Mapping[str, Sampled]) -> list[str]:
    reach = min((max(sample.rows, default="") for sample in samples.values() if sample.full), default="g")
    keys = {key for sample in samples.values() for key in sample.rows if key <= reach}
    return sorted(key for key in keys if any(sample.rows.get(key) is not None for sample in samples.values()))


def _count(
    keys: Sequence[str], samples: Mapping[str, Sampled], tolerance_seconds: float
) -> tuple[dict[str, int], int, int, float]:
    missing = {cloud: sum(sample.rows.get(key) is None for key in keys) for cloud, sample in samples.items()}
    times = values = 0
    worst = 0.0
    for key in keys:
        held = _held(key, samples)
        skew = _skew(held)
        worst = max(worst, skew)
        times += skew > tolerance_seconds
        values += skew <= tolerance_seconds and _other_values(held)
    return missing, times, values, worst


def _differing(keys: Sequence[str], samples: Mapping[str, Sampled], tolerance_seconds: float) -> int:
    return sum(_differs(_held(key, samples), len(samples), tolerance_seconds) for key in keys)


def _differs(held: Sequence[Held], clouds: int, tolerance_seconds: float) -> bool:
    return len(held) < clouds or _skew(held) > tolerance_seconds or _other_values(held)


def _other_values(held: Sequence[Held]) -> bool:
    """Whether rows of one event time hold different values."""
    digests: dict[int, set[str]] = {}
    for row in held:
        digests.setdefault(row.event_us, set()).add(row.digest)
    return any(len(found) > 1 for found in digests.values())


def _skew(held: Sequence[Held]) -> float:
    times = [row.event_us for row in held]
    return (max(times) - min(times)) / 1e6 if times else 0.0


def _held(key: str, samples: Mapping[str, Sampled]) -> list[Held]:
    return [row for sample in samples.values() if (row := sample.rows.get(key)) is not None]


def to_reading(sample: Sampled) -> dict[str, Any]:
    """What travels in a Report."""
    rows = {key: None if row is None else [row.event_us, row.digest] for key, row in sample.rows.items()}
    return {"rows": rows, "full": sample.full}


def from_reading(reading: Mapping[str, Any]) -> Sampled:
    """
    What came with a Report.

    >>> from_reading(to_reading(Sampled({"00ff": Held(5, "ab"), "01aa": None}, full=True))).rows["00ff"]
    Held(event_us=5, digest='ab')
    """
    rows = {key: None if row is None else Held(int(row[0]), str(row[1])) for key, row in reading["rows"].items()}
    return Sampled(rows, bool(reading["full"]))
