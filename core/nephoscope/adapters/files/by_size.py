"""Small tables are profiled here, large ones elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from nephoscope.drift.profile import Profile
from nephoscope.events import ObjectRef
from nephoscope.ports import Tables


@dataclass(frozen=True, slots=True)
class TablesBySize:
    """Hands a table that is larger than `most_bytes` to `large`; one of unknown size is taken as small."""

    small: Tables
    large: Tables
    most_bytes: int

    def profile(
        self,
        table: ObjectRef,
        *,
        like: Profile | None = None,
        expected: str | None = None,
        key: tuple[str, ...] = (),
    ) -> Profile:
        """Profile a table where its size belongs."""
        chosen = self.large if (table.size or 0) > self.most_bytes else self.small
        return chosen.profile(table, like=like, expected=expected, key=key)
