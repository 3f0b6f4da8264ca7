"""
The stored versions of each data set's Baseline, over any State.

    baselines/<data set>/versions/<version>.json    a Profile with its lineage, create-only
    baselines/<data set>/current.json               which version counts, and which counted before it
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from nephoscope import records
from nephoscope.drift import profile as profiles
from nephoscope.drift.profile import Profile
from nephoscope.errors import BadBaseline, BadRecord
from nephoscope.events import stable_id
from nephoscope.ports import Clock, State


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version became the current one."""

    version: str
    at: datetime
    rollback: bool = False  # because the one before it was taken back


@dataclass(frozen=True, slots=True)
class Current:
    """Which version counts; the newest promotion is the last."""

    promotions: tuple[Promotion, ...]

    @property
    def version(self) -> str:
        """The version that counts."""
        return self.promotions[-1].version

    def before(self) -> str | None:
        """The version that counted before the current one was promoted; None where there was none."""
        stack: list[str] = []
        for promotion in self.promotions:
            if promotion.rollback:
                stack.pop()
            else:
                stack.append(promotion.version)
        return stack[-2] if len(stack) > 1 else None


@dataclass(frozen=True, slots=True)
class StoredBaselines:
    """Baselines beside the ledger of the cloud where the job runs."""

    state: State
    clock: Clock
    _known: dict[str, tuple[Profile, str]] = field(default_factory=dict, compare=False, repr=False)

    def current(self, dataset: str) -> tuple[Profile, str] | None:
        """
        The Profile that windows are compared with and its version; None where none was ever promoted.

        A version never changes: it is read once, and again only where another one counts.
        """
        pointer = records.read(self.state, _pointer(dataset), Current)
        if pointer is None:
            return None
        known = self._known.get(dataset)
        if known is None or known[1] != pointer.version:
            known = self._known[dataset] = self.version(dataset, pointer.version), pointer.version
        return known

    def version(self, dataset: str, version: str) -> Profile:
        """
        One stored version.

        Raises:
            BadBaseline: There is none of that name, or it is damaged.
        """
        found = self.state.get(_version(dataset, version))
        if found is None:
            raise BadBaseline(
                f"The data set '{dataset}' has no Baseline version '{version}'.",
                do=f"see nephoscope baseline list {dataset}",
            )
        try:
            profile = profiles.from_json(found[0])
        except BadRecord as error:
            what = f"The Baseline version '{version}' of '{dataset}' cannot be read: {error.what}"
            raise BadBaseline(what, do=_another(dataset)) from error
        if not profile.rows:
            raise BadBaseline(f"The Baseline version '{version}' of '{dataset}' has 0 rows.", do=_another(dataset))
        return profile

    def promote(self, dataset: str, profile: Profile) -> str:
        """Store a Profile, unless it is stored already, and make it the current Baseline; returns its version."""
        body = profiles.to_json(profile)
        version = stable_id(body.decode())[:12]
        self.state.create(_version(dataset, version), body)
        return self.promote_version(dataset, version)

    def promote_version(self, dataset: str, version: str) -> str:
        """
        Make a stored version the current Baseline.

        Raises:
            BadBaseline: There is none of that name.
        """
        self.version(dataset, version)
        now = self.clock.now()

        def to(old: Current | None) -> Current:
            if old is not None and old.version == version:
                return old
            return Current((*(old.promotions if old else ()), Promotion(version, now)))

        records.change(self.state, _pointer(dataset), Current, to)
        return version

    def rollback(self, dataset: str) -> str:
        """
        Make the version current that was so before the current one was promoted; returns its name.

        Raises:
            BadBaseline: There was none.
        """
        now = self.clock.now()

        def to(old: Current | None) -> Current:
            before = old.before() if old else None
            if old is None or before is None:
                raise BadBaseline(
                    f"The data set '{dataset}' has no Baseline from before.",
                    do=_another(dataset),
                )
            return Current((*old.promotions, Promotion(before, now, rollback=True)))

        records.change(self.state, _pointer(dataset), Current, to)
        return self.history(dataset)[-1].version

    def versions(self, dataset: str) -> Iterator[str]:
        """The names of all stored versions."""
        prefix = f"baselines/{dataset}/versions/"
        for key in self.state.list(prefix):
            yield key.removeprefix(prefix).removesuffix(".json")

    def history(self, dataset: str) -> tuple[Promotion, ...]:
        """Every promotion, the oldest first."""
        pointer = records.read(self.state, _pointer(dataset), Current)
        return pointer.promotions if pointer else ()


def _another(dataset: str) -> str:
    return f"promote one: nephoscope baseline promote {dataset} PROFILE"


def _pointer(dataset: str) -> str:
    return f"baselines/{dataset}/current.json"


def _version(dataset: str, version: str) -> str:
    return f"baselines/{dataset}/versions/{version}.json"
