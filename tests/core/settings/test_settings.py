"""What a valid configuration gives to the jobs, the hub and the handlers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from nephoscope.alerts.routes import group_keys
from nephoscope.errors import BadSettings
from nephoscope.events import ObjectRef
from nephoscope.findings import Verdict, at_most, between
from nephoscope.settings import load, loads_json, stage

Written = Callable[[str | bytes], Path]


def test_relative_paths_are_relative_to_the_file(valid: str, written: Written) -> None:
    """Wherever a command runs, a relative path means the same place."""
    path = written(valid)
    settings = load(path)
    assert settings.datasets["flights"].objects == str(path.parent / "landing/flights")
    assert settings.topic == f"sqlite:{path.parent}/nephoscope.db"


def test_the_hash_is_of_what_is_meant(valid: str, written: Written, tmp_path: Path) -> None:
    """Comments, order, defaults and the folder leave the hash alone; a changed limit does not."""
    first = load(written(valid)).hash
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = elsewhere / "other.yaml"
    moved.write_text("# a comment\n" + valid.replace("version: 1\nhub: local\n", "") + "version: 1\n")
    assert load(moved).hash == first
    assert len(first) == 16
    assert load(written(valid.replace("0.1", "0.2"))).hash != first


def test_staged_json_reads_back_the_same(valid: str, written: Written) -> None:
    """What a handler reads is what the person wrote, and carries no path of the machine that staged it."""
    path = written(valid)
    assert loads_json(stage(path), path.parent) == load(path)
    assert str(path.parent).encode() not in stage(path)


@pytest.mark.parametrize(
    ("stands", "instead", "expected"),
    [
        (b'"version":1', b'"version":2', "Invalid enum value 2"),
        (b'"console"]', b'"consle"]', "route.channels.0: found 'consle', expected the name of a channel"),
        (b'"ks"', b'"kss"', "no check of 'dep_delay' is called kss"),
        (b"[-15.0,15.0]", b"[15.0,-15.0]", "an interval from 15.0 to -15.0 is empty"),
        (b'"at_most":0.1', b'"at_least":1,"at_most":0.1', "exactly one of at_most, at_least and between, not 2"),
        (b"env:SLACK_URL", b"https://hooks.slack.com/a", "regex"),
        (b"fl.*", b"fl(.*", "is no regular expression"),
    ],
)
def test_staged_json_with_a_mistake_is_refused(
    stands: bytes, instead: bytes, expected: str, valid: str, written: Written
) -> None:
    """A handler does not start on a configuration that was staged by hand and wrongly."""
    body = stage(written(valid))
    assert stands in body
    with pytest.raises(BadSettings, match="staged configuration cannot be read") as caught:
        loads_json(body.replace(stands, instead, 1))
    assert expected in str(caught.value)


def test_reading_staged_json_needs_msgspec_alone(valid: str, written: Written, tmp_path: Path) -> None:
    """A handler that reads its configuration loads neither YAML nor JSON Schema nor cron."""
    (tmp_path / "staged.json").write_bytes(stage(written(valid)))
    script = (
        "import sys, pathlib; from nephoscope.settings import loads_json;"
        "loads_json(pathlib.Path('staged.json').read_bytes());"
        "seen = {name.split('.')[0] for name in sys.modules};"
        "print(*sorted(seen & {'ruamel', 'jsonschema', 'cronsim', 'rich', 'pyarrow'}))"
    )
    seen = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert seen.stdout == "\n"


def test_limits_reach_the_checks(valid: str, written: Written) -> None:
    """A limit means in the file what it means to a check, equality included."""
    text = valid.replace("{at_most: 0.1}", "{at_most: 0.1, at_limit: breach}")
    assert load(written(text)).datasets["flights"].limits().columns == {
        "dep_delay": {"ks": at_most(0.1, at_limit=Verdict.BREACH), "mean_diff": between(-15, 15)}
    }


def test_an_object_belongs_to_the_data_set_whose_place_it_lies_in(valid: str, written: Written) -> None:
    """Objects of the four places find their data set; neighbours with a similar name do not."""
    places = "\n".join(
        f"  {name}: {{objects: '{place}'}}"
        for name, place in {"s": "s3://b/in/", "g": "gs://b", "z": "az://account/container/in"}.items()
    )
    path = written(valid.replace("datasets:", f"datasets:\n{places}"))
    settings = load(path)
    folder = str(path.parent / "landing/flights")
    found = [
        settings.dataset_of(ref)
        for ref in (
            ObjectRef("aws", "b", "in/2013.parquet"),
            ObjectRef("aws", "b", "inner/2013.parquet"),
            ObjectRef("gcp", "b", "a.csv"),
            ObjectRef("azure", "account/container", "in/a/b.csv"),
            ObjectRef("local", folder, "2013/02.parquet"),
            ObjectRef("local", f"{folder}2", "2013/02.parquet"),
        )
    ]
    assert found == ["s", None, "g", "z", "flights", None]


def test_a_branch_inherits_what_it_does_not_set(valid: str, written: Written) -> None:
    """A branch has its own channels and, for the rest, its parent's timing and grouping."""
    route = load(written(valid)).route.tree()
    (branch,) = route.routes
    assert branch.channels == ("oncall", "mail")
    assert (branch.group_wait, branch.group_interval) == (timedelta(0), timedelta(minutes=5))
    assert branch.group_by == route.group_by
    assert branch.continues
    assert not branch.routes


def test_an_alert_takes_the_first_branch_that_matches(valid: str, written: Written) -> None:
    """Alerts go where the written matchers send them, and to the root where none does."""
    route = load(written(valid)).route.tree()
    high = [key.route.path for key in group_keys(route, {"severity": "high", "dataset": "flights"})]
    low = [key.route.path for key in group_keys(route, {"severity": "low", "dataset": "flights"})]
    assert (high, low) == (["route.routes[0]"], ["route"])
