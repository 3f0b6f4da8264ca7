"""The bytes of keys, values and times are Feast's own, for every type that is encoded here."""

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nephoscope.features.columns import Lists, Numbers, Texts
from nephoscope.features.instants import instants
from nephoscope.features.keys import entity_keys
from nephoscope.features.murmur3 import murmur3
from nephoscope.features.ragged import ends, of_rows
from nephoscope.features.value_types import ValueType, item_of
from nephoscope.features.values import values

int32s = st.integers(-(2**31), 2**31 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
seconds = st.integers(-(2**33), 2**33)
float32s = st.floats(width=32)
texts = st.text(st.characters(codec="utf-8"), max_size=300)

ITEMS = {
    ValueType.BYTES: st.binary(max_size=300),
    ValueType.STRING: texts,
    ValueType.INT32: int32s,
    ValueType.INT64: int64s,
    ValueType.DOUBLE: st.floats(),
    ValueType.FLOAT: float32s,
    ValueType.BOOL: st.booleans(),
    ValueType.UNIX_TIMESTAMP: seconds,
}
DTYPES = {
    ValueType.INT32: np.int32,
    ValueType.INT64: np.int64,
    ValueType.DOUBLE: np.float64,
    ValueType.FLOAT: np.float32,
    ValueType.BOOL: np.bool_,
    ValueType.UNIX_TIMESTAMP: np.int64,
}
SCALARS = list(ITEMS)
LISTS = [ValueType(kind + 10) for kind in SCALARS]
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def plain(kind: ValueType, items: list[Any]) -> Numbers | Texts:
    """A column as a reader would hand it over; what is None is absent."""
    present = np.array([item is not None for item in items], dtype=np.bool_)
    if kind in DTYPES:
        return Numbers(np.array([0 if item is None else item for item in items], dtype=DTYPES[kind]), present)
    encoded = [b"" if item is None else item.encode() if isinstance(item, str) else item for item in items]
    return Texts(of_rows(encoded), present)


def as_pandas_gives(kind: ValueType, items: list[Any]) -> list[Any]:
    """The values as Feast's own conversion meets them, out of an Arrow column."""
    if kind is ValueType.UNIX_TIMESTAMP:
        return [np.datetime64("NaT") if item is None else np.datetime64(item, "s") for item in items]
    return items


@pytest.mark.parametrize("kind", SCALARS, ids=lambda kind: kind.name)
@relaxed
@given(data=st.data())
def test_scalars(feast: ModuleType, kind: ValueType, data: st.DataObject) -> None:
    """A column of any scalar type, with gaps, is stored byte for byte as Feast stores it."""
    items = data.draw(st.lists(st.none() | ITEMS[kind], min_size=1, max_size=20))
    if kind is ValueType.BYTES:
        items.append(b"x")  # Feast takes empty bytes for absent where a batch holds nothing else
    theirs = feast.type_map.python_values_to_proto_values(as_pandas_gives(kind, items), feast.ValueType(kind))

    assert values(kind, plain(kind, items)).rows() == [value.SerializeToString() for value in theirs]


@pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.name)
@relaxed
@given(data=st.data())
def test_lists(feast: ModuleType, kind: ValueType, data: st.DataObject) -> None:
    """A column of lists, some of them empty or absent, is stored byte for byte as Feast stores it."""
    item = item_of(kind)
    assert item is not None
    lists = data.draw(st.lists(st.none() | st.lists(ITEMS[item], max_size=6), min_size=1, max_size=10))
    column = Lists(
        plain(item, [value for row in lists for value in row or []]),
        ends(np.array([len(row or []) for row in lists])),
        np.array([row is not None for row in lists], dtype=np.bool_),
    )
    theirs = feast.type_map.python_values_to_proto_values(lists, feast.ValueType(kind))

    assert values(kind, column).rows() == [value.SerializeToString() for value in theirs]


@relaxed
@given(data=st.data())
def test_entity_keys(feast: ModuleType, data: st.DataObject) -> None:
    """Keys of one or more join keys, of any type a key may have and in any order, are Feast's own."""
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey

    kinds = st.sampled_from(
        [ValueType.BYTES, ValueType.STRING, ValueType.INT32, ValueType.INT64, ValueType.UNIX_TIMESTAMP]
    )
    named = data.draw(st.dictionaries(texts.filter(bool), kinds, min_size=1, max_size=3))
    items = ITEMS | {ValueType.BYTES: st.binary(min_size=1, max_size=300)}  # Feast has no key of empty bytes
    rows = data.draw(st.lists(st.tuples(*(items[kind] for kind in named.values())), min_size=1, max_size=5))
    columns = {name: (kind, plain(kind, [row[at] for row in rows])) for at, (name, kind) in enumerate(named.items())}
    theirs = [
        EntityKey(
            join_keys=list(named),
            entity_values=[
                feast.type_map.python_values_to_proto_values([value], feast.ValueType(kind))[0]
                for value, kind in zip(row, named.values(), strict=True)
            ],
        )
        for row in rows
    ]

    encode = feast.infra.key_encoding_utils.serialize_entity_key
    assert entity_keys(columns).rows() == [encode(key, 3) for key in theirs]


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1, max_size=20))
def test_event_times(times: list[datetime]) -> None:
    """Event times from the year 1 to 9999 are written as protobuf's own library writes them."""
    timestamp = pytest.importorskip("google.protobuf.timestamp_pb2", reason="protobuf is not installed")
    theirs = []
    for at in times:
        theirs.append(timestamp.Timestamp())
        theirs[-1].FromDatetime(at)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    ours = instants(np.array([(at - epoch) // timedelta(microseconds=1) for at in times]))

    assert ours.rows() == [message.SerializeToString() for message in theirs]


@given(st.text(max_size=60))
def test_field_names(name: str) -> None:
    """The names of a Redis hash's fields are those that Feast looks for."""
    mmh3 = pytest.importorskip("mmh3", reason="mmh3 is not installed")
    encoded = name.encode("utf-8", "surrogatepass")

    assert murmur3(encoded) == mmh3.hash(encoded, signed=False)
