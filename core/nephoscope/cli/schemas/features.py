"""The answers of `features`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from nephoscope.cli.schemas.document import Document
from nephoscope.findings import Finding
from nephoscope.settings.section import Cloud


class RegistryChanges(Document, frozen=True, kw_only=True):
    """What an apply changes, by kind and name: "feature view user_features"."""

    added: list[str]
    changed: list[str]
    removed: list[str]


class RegistryOf(Document, frozen=True, kw_only=True):
    """One cloud's registry after an apply."""

    cloud: Cloud
    version: Annotated[str | None, Meta(description="What counts there now; null where that is not known.")]
    reason: Annotated[str, Meta(description="Why it is not known; empty where it is.")]


class Version(Document, frozen=True, kw_only=True):
    """From when on a version counted."""

    version: str
    at: datetime


class PlannedStep(Document, frozen=True, kw_only=True):
    """One view in one cloud: the event times to read, both inclusive, or why none are."""

    view: str
    cloud: Cloud
    since: Annotated[datetime | None, Meta(description="How far it was synced; null for a first sync.")]
    start: datetime | None
    end: datetime | None
    reason: str


class FeaturesApplied(Document, frozen=True, kw_only=True):
    """What an apply changed, and what counts in each cloud."""

    schema: Literal["nephoscope.features.apply/1"]
    project: str
    difference: RegistryChanges
    registries: list[RegistryOf]


class FeaturesPlanned(Document, frozen=True, kw_only=True):
    """What an apply would change and what a sync would read."""

    schema: Literal["nephoscope.features.plan/1"]
    project: str
    version: Annotated[str | None, Meta(description="What counts at home; null before the first apply.")]
    history: list[Version]
    difference: RegistryChanges
    steps: list[PlannedStep]


class FeaturesSynced(Document, frozen=True, kw_only=True):
    """What a sync wrote; with --dry-run the steps that it would take."""

    schema: Literal["nephoscope.features.sync/1"]
    project: str
    steps: list[PlannedStep]
    findings: list[Finding]


class FeaturesJudged(Document, frozen=True, kw_only=True):
    """What the stores hold."""

    schema: Literal["nephoscope.features.parity/1", "nephoscope.features.freshness/1"]
    project: str
    findings: list[Finding]
