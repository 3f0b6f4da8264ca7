"""Where people read what to do about an Alert: the page of the watched thing, else the page of its check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import UNSET

from nephoscope.settings.watched import BUDGET_CHECKS

if TYPE_CHECKING:
    from nephoscope.settings.configuration import Configuration


def runbook(configuration: Configuration, about: Mapping[str, str]) -> str:
    """
    The page for an Alert of these labels, check and subject; "" where the configuration names none.

    The budget, the data set and the model are asked in this order; then the longest name in `runbooks` that is the
    check's or the beginning of it.

    >>> from nephoscope.settings.configuration import Configuration
    >>> pages = Configuration(version=1, runbooks={"drift": "https://wiki/drift", "drift.ks": "https://wiki/ks"})
    >>> [runbook(pages, {"check": check}) for check in ("drift.ks", "drift.psi", "cost.total")]
    ['https://wiki/ks', 'https://wiki/drift', '']
    """
    check = about.get("check", "")
    things = (
        configuration.budgets.get(about.get("subject", "")) if check in BUDGET_CHECKS else None,
        configuration.datasets.get(about.get("dataset", "")),
        configuration.models.get(about.get("model", "")),
    )
    for thing in things:
        if thing is not None and thing.runbook is not UNSET:
            return thing.runbook
    named = [name for name in configuration.runbooks if f"{check}.".startswith(f"{name}.")]
    return configuration.runbooks[max(named, key=len)] if named else ""
