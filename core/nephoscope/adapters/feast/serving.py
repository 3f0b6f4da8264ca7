"""`get_online_features`, asked as an application asks it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from feast import FeatureStore
from feast.errors import FeastError

from nephoscope.adapters.feast.faults import faults
from nephoscope.adapters.feast.views import configuration
from nephoscope.errors import Permanent, Transient
from nephoscope.features.code import without_code


class FeastServing:
    """One cloud's features through Feast, from the registry that counts there."""

    def __init__(
        self, online_store: Mapping[str, Any], project: str, registry: bytes, *, trusted: bool = False
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nephoscope-")
        path = Path(self._folder.name) / "registry.db"
        path.write_bytes(registry if trusted else without_code(registry))
        self._store = FeatureStore(config=configuration(project, online_store, path))

    def features(self, names: Sequence[str], entity: Mapping[str, Any]) -> Mapping[str, Any]:
        """
        Ask for one entity's features.

        Returns:
            By "view:feature" the value; None where there is none or it is older than the view's TTL.

        Raises:
            Permanent: The registry does not know what was asked for, or by which keys.
            Transient: The store does not answer.
        """
        try:
            response = self._store.get_online_features(
                features=list(names), entity_rows=[dict(entity)], full_feature_names=True
            )
            found = response.to_dict()
            return {name: found[name.replace(":", "__")][0] for name in names}
        except FeastError as error:
            raise Permanent(f"Feast refuses {', '.join(names)}: {error}.", do="apply the repository first") from error
        except faults() as error:
            raise Transient(f"Feast's online store does not answer: {error}.") from error
        except (KeyError, ValueError, TypeError) as error:  # Feast's own checks leave out unknown features and keys
            told = f"{type(error).__name__}: {error}".partition("\n")[0]
            do = "name features and join keys of the registry that counts, or apply the repository first"
            raise Permanent(f"Feast cannot answer {', '.join(names)} ({told}).", do=do) from error
