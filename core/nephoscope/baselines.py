"""
The stored versions of each data set's Baseline, over any State.

    baselines/<data set>/versions/<version>.json    a Profile with its lineage, create-only
    baselines/<data set>/current.json               which version counts, and which counted before it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nephoscope import records
from nephoscope.drift import profile as profiles
from nephoscope.drift.profile import Profile
from nephoscope.errors import BadBaseline
from nephoscope.events import stable_id
from nephoscope.ports import Clock, State


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version became the current one."""

    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Current:
    """Which version counts; the newest promotion is the last."""

    promotions: tuple[Promotion, ...]

    @property
    def version(self) -> str:
        """The version that counts."""
        return self.promotions[-1].version


@dataclass(frozen=True, slots=True)
class StoredBaselines:
    """Baselines beside the ledger of the cloud where the job runs."""

    state: State
    clock: Clock

    def current(self, dataset: str) -> tuple[Profile, str] | None:
        """The Profile that windows are compared with and its version; None where none was ever promoted."""
        pointer = records.read(self.state, _pointer(dataset), Current)
        if pointer is None:
            return None
        return self.version(dataset, pointer.version), pointer.version

    def version(self, dataset: str, version: str) -> Profile:
        """
        One stored version.

        Raises:
            BadBaseline: There is none of that name.
        """
        found = self.state.get(_version(dataset, version))
        if found is None:
            raise BadBaseline(
                f"The data set '{dataset}' has no Baseline version '{version}'.",
                do=f"see nephoscope baseline list {dataset}",
            )
        return profiles.from_json(found[0])

    def promote(self, dataset: str, profile: Profile) -> str:
        """Store a Profile, unless it is stored already, and make it the current Baseline; returns its version's name."""
        body = profiles.to_json(profile)
        version = stable_id(body.decode())[:12]
        self.state.create(_version(dataset, version), body)
        now = self.clock.now()

        def to(old: Current | None) -> Current:
            if old is not None and old.version == version:
                return old
            return Current((*(old.promotions if old else ()), Promotion(version, now)))

        records.change(self.state, _pointer(dataset), Current, to)
        return version

    def history(self, dataset: str) -> tuple[Promotion, ...]:
        """Every promotion, the oldest first."""
        pointer = records.read(self.state, _pointer(dataset), Current)
        return pointer.promotions if pointer else ()


def _pointer(dataset: str) -> str:
    return f"baselines/{dataset}/current.json"


def _version(dataset: str, version: str) -> str:
    return f"baselines/{dataset}/versions/{version}.json"
