"""A feature view as the registry describes it: what is computed where, for which entities, and how long it is good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nephoscope.events import stable_id
from nephoscope.features.value_types import known, name

NO_ENTITY = "__dummy_id"  # Feast's join key of a view without entities; its value is always ""
WITHOUT_TTL = timedelta(weeks=52)
"""How far Feast looks back for a view that is good for ever."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a view's rows are computed to."""

    uri: str  # a file's; empty where the source is no file
    kind: str  # Feast's class, such as "feast.infra.offline_stores.file_source.FileSource"
    timestamp_field: str
    created_column: str = ""  # tells rows of one event time apart; empty where the source has none
    columns: Mapping[str, str] = field(default_factory=dict)  # the view's name of a column to the source's
    endpoint: str = ""  # an S3 endpoint of its own
    options: bytes = b""  # of a source that is no file: its table or query, as Feast describes it

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
    transformed: bool = False  # Feast has to compute it: out of other views, by aggregations or stored code
    coded: bool = False  # by stored code

    def served_from(self, now: datetime) -> datetime:
        """The earliest event time that a sync at a time looks for: what is older is served no more."""
        return now - (self.ttl or WITHOUT_TTL)

    @property
    def foreign(self) -> dict[str, str]:
        """The columns whose declared types only Feast can encode, and these types' names."""
        columns = {**self.join_keys, **self.features}
        return {column: name(kind) for column, kind in columns.items() if known(kind) is None}

    @property
    def digest(self) -> str:
        """What tells whether rows that were synced are still the view's: of its join keys, features and source."""
        source = self.source
        described = [
            sorted(self.join_keys.items()),
            sorted(self.features.items()),
            [source.uri, source.kind, source.endpoint, source.options.hex()],
            [source.timestamp_field, source.created_column, sorted(source.columns.items())],
        ]
        return stable_id(json.dumps(described))
