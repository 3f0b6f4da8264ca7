"""A stored Profile that contradicts itself is refused in one sentence, before anything is computed from it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.profile import from_json, merge, to_json
from nephoscope.errors import BadRecord
from nephoscope.events import ObjectRef

Written = dict[str, Any]
Damage = Callable[[Written], object]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A Profile of numbers, words and lists, with a key, as it is written."""
    draw = np.random.default_rng(0)
    table = {"a": draw.normal(size=500), "c": draw.choice(["x", "y"], 500), "l": [[1]] * 500}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    profile = FileTables(bins=16).profile(ObjectRef("local", str(tmp_path), "t.parquet"), key=("a",))
    found: Written = json.loads(to_json(profile))
    return found


def numbers(profile: Written) -> Written:
    """Those of the column `a`."""
    found: Written = profile["columns"][0]["numbers"]
    return found


def words(profile: Written) -> Written:
    """Those of the column `c`."""
    found: Written = profile["columns"][1]["categories"]
    return found


def number(name: str, value: object) -> Damage:
    """Write another value."""
    return lambda profile: numbers(profile).update({name: value})


def element(name: str, value: object) -> Damage:
    """Write another value into an array."""
    return lambda profile: numbers(profile)[name].__setitem__(3, value)


def column(nth: int, **values: object) -> Damage:
    """Write other values of a column."""
    return lambda profile: profile["columns"][nth].update(values)


DAMAGED: dict[str, tuple[Damage, str]] = {
    "no rows": (lambda profile: profile.update(rows=0), "0 rows"),
    "fewer than no rows": (lambda profile: profile.update(rows=-5), "rows"),
    "more rows than an integer holds": (lambda profile: profile.update(rows=2**62), "rows"),
    "fewer rows than values": (lambda profile: profile.update(rows=10, duplicates=0), "'a'.*500.*10 rows"),
    "a count too few": (lambda profile: numbers(profile)["counts"].pop(), "'a'.*counts"),
    "no counts": (number("counts", []), "'a'.*counts"),
    "no edges": (number("edges", []), "'a'.*edges"),
    "a sum too few": (lambda profile: numbers(profile)["sums"].pop(), "'a'.*sums"),
    "one sum": (number("sums", [1.0]), "'a'.*sums"),
    "a negative count": (element("counts", -50), "'a'.*count"),
    "a fractional count": (element("counts", 1.7), "'a'.*integers"),
    "a count that is none": (element("counts", None), "'a'.*integers"),
    "a huge count": (element("counts", 2**62), "'a'.*count"),
    "descending edges": (lambda profile: numbers(profile)["edges"].reverse(), "'a'.*ascend"),
    "two equal edges": (lambda profile: numbers(profile)["edges"].insert(3, 0.0), "'a'.*edges"),
    "an edge that is NaN": (element("edges", None), "'a'.*ascend"),
    "an edge that is a word": (element("edges", "1"), "'a'.*numbers"),
    "an edge that is a truth": (element("edges", True), "'a'.*numbers"),
    "edges of edges": (number("edges", [[1, 2], [3, 4]]), "'a'.*numbers"),
    "no least value": (number("low", None), "'a'.*least"),
    "a least value beyond the greatest": (number("low", 99.0), "'a'.*least"),
    "a negative square": (number("squares", -1.0), "'a'.*squares"),
    "fewer than no NaN": (number("nan", -7), "'a'.*>= 0"),
    "fewer than no nulls": (column(0, nulls=-7), "'a'.*>= 0"),
    "more nulls than rows": (column(0, nulls=99_999), "'a'.*500 rows"),
    "numbers of words": (column(0, kind="categorical"), "'a'.*categorical.*numbers"),
    "words of numbers": (column(1, kind="numeric"), "'c'.*numeric.*categories"),
    "words of lists": (column(2, categories={"known": {"x": 1}}), "'l'.*opaque.*categories"),
    "fewer than none of a word": (lambda profile: words(profile)["known"].update(x=-5), "'c'.*>= 0"),
    "more of a word than rows": (lambda profile: words(profile)["known"].update(x=5_000), "'c'.*500 rows"),
    "fewer than no other words": (lambda profile: words(profile).update(unseen_rows=-500), "'c'.*>= 0"),
    "more kept words than other ones": (lambda profile: words(profile).update(unseen={"z": 1}), "'c'.*words"),
    "two columns of one name": (lambda profile: profile["columns"].append(profile["columns"][0]), "more than one.*'a'"),
    "a column without a name": (lambda profile: profile["columns"][1].pop("name"), "column 2.*name"),
    "fewer than no repeated rows": (lambda profile: profile.update(duplicates=-3), "duplicates"),
    "more repeated rows than rows": (lambda profile: profile.update(duplicates=501), "501"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_profile_that_contradicts_itself_is_refused(damage: str, written: Written) -> None:
    """The sentence names the column and what is wrong with it."""
    break_it, sentence = DAMAGED[damage]
    break_it(written)
    with pytest.raises(BadRecord, match=sentence) as error:
        from_json(json.dumps(written).encode())
    assert "\n" not in error.value.what


def test_a_profile_that_is_whole_is_read(written: Written) -> None:
    """Merged ones too, and integers where another writer leaves out the point of a number."""
    numbers(written)["edges"][-1] = 1_000
    numbers(written)["sums"][0] = 0
    once = from_json(json.dumps(written).encode())
    twice = merge(once, once)
    assert from_json(to_json(twice)) == twice
