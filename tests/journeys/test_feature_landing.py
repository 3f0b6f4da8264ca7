"""A view's file lands on this machine, and its features are served."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.features.decode import decoded
from nephoscope.features.plan import Window
from nephoscope.features.values import tag
from nephoscope.features.varint import encoded
from nephoscope.wiring.local import Local
from nephoscope.wiring.runner import JobsLoop


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return tag(number, 0) + encoded(value)
    body = value.encode() if isinstance(value, str) else value
    return tag(number, 2) + encoded(len(body)) + body


def registry(place: str) -> bytes:
    """What Feast writes for one view."""
    source = field(3, "at") + field(11, field(2, place))
    key, age = (field(1, name) + field(2, 4) for name in ("user_id", "age"))
    spec = [field(1, "users"), field(2, "shop"), field(4, age), field(7, source), field(8, 1), field(12, key)]
    return field(6, field(1, b"".join(spec)))


def land(folder: Path, ages: dict[int, int]) -> None:
    """Compute the view anew."""
    at = [datetime.now(UTC) - timedelta(minutes=5)] * len(ages)
    table = {"user_id": list(ages), "age": list(ages.values()), "at": pa.array(at, pa.timestamp("us", "UTC"))}
    pq.write_table(pa.table(table), folder / "users.parquet")


def test_a_file_that_lands_is_served(tmp_path: Path) -> None:
    """`up` sees that the file behind a view was written, syncs it once, and goes on when it is written again."""
    computed = tmp_path / "computed"
    computed.mkdir()
    section = {"project": "shop", "stores": {"local": {"type": "sqlite", "path": "online.db"}}}
    (tmp_path / "nephoscope.yaml").write_text(json.dumps({"version": 1, "features": section}))
    now = FixedClock(datetime.now(UTC))  # no timer's slot comes meanwhile
    local = Local.from_file(tmp_path / "nephoscope.yaml", clock=now)
    loop = JobsLoop(local)
    assert loop.turn() == 0  # no repository was applied yet

    local.features.registry("local").apply(registry(str(computed / "users.parquet")))
    land(computed, {1: 41})
    (computed / "other.parquet").write_bytes(b"of no view")
    assert [loop.turn() for _ in range(3)] == [0, 1, 0]  # seen, at rest, known

    land(computed, {1: 42, 2: 43})
    assert sum(loop.turn() for _ in range(3)) == 1
    (view,) = local.features.views
    today = Window(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))
    store = local.features.each_cloud["local"].store
    known = sorted(
        decoded(row.values["age"])[1]
        for rows in local.features.each_cloud["local"].tables.read(view, today).batches
        for row in store.read(view, rows.keys.rows())
        if row is not None
    )
    assert known == [42, 43]
