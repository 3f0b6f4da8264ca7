"""A feature view as the registry describes it: what is computed where, for which entities, and how long it is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from nephoscope.features.value_types import known

NO_ENTITY = "__dummy_id"  # Feast's join key of a view without entities; its value is always ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a view's rows are computed to."""

    uri: str  # a file's; empty where the source is no file
    kind: str  # Feast's class, such as "feast.infra.offline_stores.file_source.FileSource"
    timestamp_field: str
    created_column: str = ""  # tells rows of one event time apart; empty where the source has none
    columns: Mapping[str, str] = field(default_factory=dict)  # the view's name of a column to the source's
    endpoint: str = ""  # an S3 endpoint of its own

    def column(self, name: str) -> str:
        """What the source calls one of the view's columns."""
        return self.columns.get(name, name)


@dataclass(frozen=True, slots=True)
class View:
    """One feature view."""

    name: str
    join_keys: Mapping[str, int]  # by name, the number of its type
    features: Mapping[str, int]  # by name, the number of its type, in the view's order
    source: Source
    ttl: timedelta = timedelta(0)  # 0: good for ever
    online: bool = True
    transformed: bool = False  # Feast has to compute it: aggregations or stored code

    @property
    def foreign_types(self) -> dict[str, int]:
        """The columns whose types only Feast can encode."""
        return {name: kind for name, kind in {**self.join_keys, **self.features}.items() if known(kind) is None}
