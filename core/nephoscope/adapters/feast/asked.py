"""`get_online_features` of one cloud, with Feast opened when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nephoscope.errors import BadSettings


@dataclass(frozen=True, slots=True)
class FeastAsked:
    """What serving needs, asked for when it is needed: Feast takes seconds to import."""

    registry: Callable[[], bytes | None]
    online_store: Callable[[], Mapping[str, Any]]
    project: str
    trusted: bool = False

    def features(self, names: Sequence[str], entity: Mapping[str, Any]) -> Mapping[str, Any]:
        """
        Ask for one entity's features.

        Raises:
            BadSettings: Feast is not installed, or no registry was applied there.
            Permanent: The registry does not know what was asked for.
            Transient: The store does not answer.
        """
        try:
            from nephoscope.adapters.feast.serving import FeastServing
        except ModuleNotFoundError as error:
            raise BadSettings("Feast is not installed here.", do="run the features image") from error
        registry = self.registry()
        if registry is None:
            raise BadSettings(f"'{self.project}' has no registry there.", do="nephoscope features apply")
        return FeastServing(self.online_store(), self.project, registry, trusted=self.trusted).features(names, entity)
