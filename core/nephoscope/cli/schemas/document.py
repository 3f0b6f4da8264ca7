"""What every answer is made of."""

from __future__ import annotations

from msgspec import Struct


class Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One JSON object; a key nobody declared is not in it."""
