"""A Baseline is read as often as it changes, and a damaged one is told."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from nephoscope.adapters.files.tables import FileTables
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.baselines import StoredBaselines
from nephoscope.drift.profile import Profile, to_json
from nephoscope.errors import BadBaseline
from nephoscope.events import ObjectRef


class Counting(MemoryState):
    """A store that counts what is read."""

    def __init__(self):
        super().__init__()
        self.read = Counter()

    def get(self, key):
        """Count, and read."""
        self.read[key.split("/")[2]] += 1
        return super().get(key)


def profiled(folder, *values):
    """The Profile of one column."""
    (folder / "x.csv").write_text("\n".join(["x", *map(str, values)]))
    return FileTables().profile(ObjectRef("local", str(folder), "x.csv"))


def test_a_version_is_read_once_and_a_promotion_is_seen_at_once(tmp_path):
    """Whoever asks again pays for one small record; a version that another worker promotes counts from then on."""
    state, clock = Counting(), FixedClock(datetime(2026, 11, 24, tzinfo=UTC))
    asked, elsewhere = StoredBaselines(state, clock), StoredBaselines(state, clock)
    first = elsewhere.promote("flights", profiled(tmp_path, 1, 2, 3))
    state.read.clear()
    assert [asked.current("flights")[1] for _ in range(3)] == [first] * 3
    assert state.read == {"versions": 1, "current.json": 3}
    second = elsewhere.promote("flights", profiled(tmp_path, 4, 5, 6))
    profile, version = asked.current("flights")
    assert (version, profile) == (second, elsewhere.version("flights", second))
    assert elsewhere.rollback("flights") == first
    assert asked.current("flights")[1] == first


def test_a_damaged_version_is_a_bad_baseline(tmp_path):
    """It says which version of which data set, which column, and what to do; bins without rows are none either."""
    state, clock = MemoryState(), FixedClock(datetime(2026, 11, 24, tzinfo=UTC))
    baselines = StoredBaselines(state, clock)
    whole = profiled(tmp_path, 1, 2, 3)
    written = json.loads(to_json(whole))
    written["columns"][0]["numbers"]["sums"].pop()
    state.create("baselines/flights/versions/damaged.json", json.dumps(written).encode())
    with pytest.raises(BadBaseline, match=r"'damaged' of 'flights'.*'x' has .* sums.*baseline promote flights"):
        baselines.promote_version("flights", "damaged")
    with pytest.raises(BadBaseline, match="0 rows"):
        baselines.promote("flights", Profile(0, ()))
    assert baselines.current("flights") is None
