"""How Feast names a view online."""

from __future__ import annotations

from nephoscope.features.view import View


def online_name(view: View, *, versioned: bool = False) -> str:
    """
    The view's name, with its version where the registry keeps versions apart.

    Source: `feast.infra.online_stores.helpers.compute_versioned_name` of Feast 0.67.
    """
    return f"{view.name}_v{view.version}" if versioned and view.version > 0 else view.name
