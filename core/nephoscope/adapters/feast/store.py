"""
Any online store that Feast knows, written through Feast itself.

Most of Feast's stores overwrite without looking, so that an older row can replace a newer one. What is stored is
therefore read first and older rows are left out; `atomic` is False, and whoever writes holds a lease on the view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from feast.errors import FeastError
from feast.infra.key_encoding_utils import deserialize_entity_key
from feast.infra.online_stores.helpers import get_online_store_from_config
from feast.protos.feast.types.Value_pb2 import Value

from nephoscope.adapters.feast.encoding import serialized
from nephoscope.adapters.feast.faults import faults
from nephoscope.adapters.feast.views import configuration, feast_views
from nephoscope.errors import BadSettings, Transient
from nephoscope.features.code import without_code
from nephoscope.features.keys import VERSION
from nephoscope.features.rows import Rows, Stored, Written
from nephoscope.features.view import View

KEYS_A_CALL = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class FeastOnlineStore:
    """One of Feast's online stores."""

    atomic = False
    batch_rows = 0

    def __init__(self, online_store: Mapping[str, Any], project: str, registry: bytes) -> None:
        self._kind = str(online_store.get("type"))
        try:
            self._config = configuration(project, online_store, Path("/nonexistent"))
            self._store = get_online_store_from_config(self._config.online_store)
        except (FeastError, ValueError) as error:
            told = str(error).partition("\n")[0]
            raise BadSettings(
                f"Feast cannot open the online store '{self._kind}': {told}.",
                do="correct features.stores, or install what Feast needs for it",
            ) from error
        self._views = feast_views(without_code(registry), project)

    def prepare(self, view: View) -> None:
        """Let Feast make what the view's rows are kept in."""
        with self._translated():
            self._store.update(self._config, [], [self._views[view.name]], [], [], partial=True)

    def write(self, view: View, rows: Rows) -> Written:
        """Write a batch; rows that are older than what is stored, or that Feast's store refuses, are left alone."""
        written = Written(0, 0)
        for start in range(0, len(rows), KEYS_A_CALL):
            written += self._write(view, rows.take(np.arange(start, min(start + KEYS_A_CALL, len(rows)))))
        return written

    def read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        """Read the rows of some entities."""
        asked = list(dict.fromkeys(keys))  # Feast's Bigtable store cannot be asked for one key twice
        found: list[Stored | None] = []
        for start in range(0, len(asked), KEYS_A_CALL):
            found += self._read(view, asked[start : start + KEYS_A_CALL])
        answers = dict(zip(asked, found, strict=True))
        return [answers[key] for key in keys]

    def _write(self, view: View, rows: Rows) -> Written:
        keys = rows.keys.rows()
        held = self._read(view, keys)
        due = [at for at, row in enumerate(held) if row is None or row.event_us <= rows.event_us[at]]
        columns = {name: rows.features[name].values.rows() for name in view.features}
        data = [
            (
                deserialize_entity_key(keys[at], VERSION),
                {name: Value.FromString(values[at]) for name, values in columns.items()},
                _EPOCH + timedelta(microseconds=int(rows.event_us[at])),
                None,
            )
            for at in due
        ]
        if data:
            with self._translated():
                self._store.online_write_batch(self._config, self._views[view.name], data, None)
        corrected = {
            keys[at]: row
            for at in due
            if (row := held[at]) is not None
            and row.event_us == rows.event_us[at]
            and any(row.values[name] != values[at] for name, values in columns.items())
        }
        kept = self._kept(view, corrected)
        return Written(len(due) - kept, len(rows) - len(due) + kept)

    def _kept(self, view: View, corrected: Mapping[bytes, Stored]) -> int:
        """How many rows are as they were: Feast's Redis store takes no other values of an equal event time."""
        again = self._read(view, list(corrected)) if corrected else []
        return sum(now == before for now, before in zip(again, corrected.values(), strict=True))

    def _read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        entities = [deserialize_entity_key(key, VERSION) for key in keys]
        with self._translated():
            answers = self._store.online_read(self._config, self._views[view.name], entities, list(view.features))
        return [_stored(view, time, values) for time, values in answers]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (FeastError, RuntimeError, *faults()) as error:  # Feast's remote store raises RuntimeError itself
            raise Transient(f"Feast's online store '{self._kind}' does not answer: {error}.") from error


def _stored(view: View, time: datetime | None, values: Mapping[str, Any] | None) -> Stored | None:
    if time is None or values is None:
        return None
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    found = {name: serialized(values[name]) if name in values else b"" for name in view.features}
    if aware == _EPOCH and not any(found.values()):
        return None  # Feast's Redis store tells a row that is not there as one of 1970 without values
    return Stored((aware - _EPOCH) // _MICROSECOND, found)
