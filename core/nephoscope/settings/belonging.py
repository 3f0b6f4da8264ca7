"""Which model the Findings about a data set or a feature view belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nephoscope.settings.configuration import Configuration


def models_of(configuration: Configuration) -> dict[str, str]:
    """
    The model of each data set and feature view that one names, by the family of checks and the thing's name.

    >>> from nephoscope.settings.configuration import Configuration
    >>> from nephoscope.settings.models import Model
    >>> models_of(Configuration(version=1, models={"fraud": Model(datasets=("tx",), feature_views=("users",))}))
    {'drift/tx': 'fraud', 'features/users': 'fraud'}
    """
    return {
        f"{family}/{name}": model
        for model, written in configuration.models.items()
        for family, names in (("drift", written.datasets), ("features", written.feature_views))
        for name in names
    }
