"""What only some may touch: model artefacts, the feature registry, Baselines, the state."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from nephoscope.monitoring.access import Watched
from nephoscope.settings.section import Name, Section, Text
from nephoscope.settings.urls import ObjectsUrl


class WatchedPlaces(Section, frozen=True, kw_only=True):
    """Places, and those who are expected to touch them."""

    places: Annotated[list[ObjectsUrl], Meta(min_length=1, description="Buckets, containers and prefixes in them.")]
    actors: Annotated[
        list[Text], Meta(description="Who is expected there: names as the audit log has them, with * and ?.")
    ] = field(default_factory=list)

    def watched(self, name: str) -> Watched:
        """The places as the checks take them."""
        return Watched(name, tuple(self.places), tuple(self.actors))


class Security(Section, frozen=True, kw_only=True):
    """Calls on watched places that the clouds' audit logs see."""

    watched: Annotated[dict[Name, WatchedPlaces], Meta(description="The places, by a name for people.")] = field(
        default_factory=dict
    )

    def each(self) -> tuple[Watched, ...]:
        """Every watched place."""
        return tuple(places.watched(name) for name, places in self.watched.items())
