"""
The slow lane: columns of types that only Feast can encode, one value at a time.

Feast passes integers with gaps through doubles, so the columns beside them are still encoded here.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from feast import ValueType
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values

from nephoscope.adapters.files.feature_columns import plain
from nephoscope.adapters.files.feature_tables import batch_times
from nephoscope.errors import Unreadable
from nephoscope.features import value_types
from nephoscope.features.keys import VERSION
from nephoscope.features.ragged import Ragged, of_rows
from nephoscope.features.rows import Feature, Rows
from nephoscope.features.sets import settled
from nephoscope.features.values import values
from nephoscope.features.view import NO_ENTITY, View


def encode(view: View, batch: pa.RecordBatch) -> Rows:
    """
    Encode a batch, what is not encoded here with Feast's own conversion.

    Raises:
        Unreadable: Feast cannot make the view's types of what the source holds.
    """
    try:
        keys = _keys(view, batch)
        features = {name: _feature(view, batch, name, kind) for name, kind in view.features.items()}
    except MemoryError:
        raise
    except Exception as error:  # Feast raises whatever a value breaks, and Exception itself
        told = f"{type(error).__name__}: {error}"
        raise Unreadable(
            f"Feast cannot encode a batch of the view '{view.name}': {told}.", do="write what its schema declares"
        ) from error
    return Rows(keys, *batch_times(view, batch), features)


def _keys(view: View, batch: pa.RecordBatch) -> Ragged:
    columns = {name: _feature(view, batch, name, kind).values.rows() for name, kind in view.join_keys.items()}
    rows = zip(*(map(Value.FromString, column) for column in columns.values()), strict=True)
    return of_rows(
        serialize_entity_key(EntityKey(join_keys=list(columns), entity_values=list(row)), VERSION) for row in rows
    )


def _feature(view: View, batch: pa.RecordBatch, name: str, kind: int) -> Feature:
    known = value_types.known(kind)
    if known is not None and name != NO_ENTITY:
        column = plain(batch.column(view.source.column(name)), known)
        if column is not None:
            return Feature(values(known, column), known, column)
    return Feature(of_rows(map(serialized, _protos(view, batch, name, kind))))


def serialized(value: Any) -> bytes:
    """A value's bytes: maps and sets have no order of their own, and two clouds have to agree on one."""
    return settled(value.SerializeToString(deterministic=True))


def _protos(view: View, batch: pa.RecordBatch, name: str, kind: int) -> list[Any]:
    if name == NO_ENTITY:
        held: Any = [""] * len(batch)
    else:
        column = batch.column(view.source.column(name))
        held = _mappings(column) or column.to_numpy(zero_copy_only=False)
    protos: list[Any] = python_values_to_proto_values(held, ValueType[value_types.name(kind)])
    return protos


def _mappings(column: pa.Array) -> list[Any] | None:
    """Arrow's maps and structs as the mappings that Feast's conversion takes."""
    if pa.types.is_map(column.type):
        return [None if value is None else dict(value) for value in column.to_pylist()]
    return column.to_pylist() if pa.types.is_struct(column.type) else None
