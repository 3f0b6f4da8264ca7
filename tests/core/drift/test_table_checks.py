"""Rows and repeated keys of a table in parts are held against what they can be held against, and no more is claimed."""

import pytest
from nephoscope.drift.profile import Profile, Source
from nephoscope.drift.table_checks import Per, duplicates_finding, rows_finding
from nephoscope.findings import Verdict, between


def table(*places: str, rows: int = 1_000, duplicates: int | None = None) -> Profile:
    """The Profile of objects of so many rows each."""
    sources = tuple(Source(f"s3://b/{place}", rows=rows) for place in places)
    return Profile(rows * len(places), (), sources=sources, key=("id",), duplicates=duplicates)


def parts(folder: str, count: int, rows: int = 1_000, duplicates: int | None = None) -> Profile:
    """The Profile of a folder of parts."""
    return table(*(f"{folder}/part-{nth}" for nth in range(count)), rows=rows, duplicates=duplicates)


@pytest.mark.parametrize(
    ("per", "baseline", "window", "ratio"),
    [
        (Per.OBJECT, table("mon.csv", "tue.csv"), table("wed.csv"), 1),
        (Per.FOLDER, parts("mon", 10), parts("tue", 10), 1),
        (Per.FOLDER, parts("mon", 10), parts("tue", 1, rows=10_000), 1),
        (Per.FOLDER, table("whole.csv", rows=10_000), parts("tue", 10), 1),
        (Per.FOLDER, table("mon/p0", "mon/p1", "tue/p0", "tue/p1"), parts("wed", 10), 5),
        (Per.PART, table("mon/p0"), parts("tue", 10, rows=500), 0.5),
    ],
)
def test_rows_are_held_against_as_many_objects(per: Per, baseline: Profile, window: Profile, ratio: float) -> None:
    """An object is held against an object, a folder against a folder, parts against a part where there is no more."""
    found = rows_finding(baseline, window, between(0.9, 1.1), dataset="t", per=per)
    assert found.value == ratio
    assert ("in each of 10 parts" in found.reason) == (per is Per.PART)


def test_rows_that_repeat_a_key_of_another_part_are_not_said_to_be_none() -> None:
    """Within the parts more than expected are a breach; fewer are unknown, for nobody looked across the parts."""
    baseline = table("b", duplicates=0)
    few = duplicates_finding(baseline, parts("w", 2, duplicates=0), ("id",), dataset="t")
    assert (few.verdict, few.value, few.evidence["why"]) == (Verdict.UNKNOWN, None, "NOT_COMPUTABLE")
    assert "0 of 2,000 rows repeat a key (id) within each of 2 parts" in few.reason
    many = duplicates_finding(baseline, parts("w", 2, duplicates=200), ("id",), dataset="t")
    assert (many.verdict, many.value) == (Verdict.BREACH, 0.1)
    assert "within each of 2 parts" in many.reason
    one = duplicates_finding(parts("b", 2, duplicates=0), table("w", duplicates=0), ("id",), dataset="t")
    assert one.verdict is Verdict.OK
    assert "as within each of the baseline's 2 parts" in one.reason
