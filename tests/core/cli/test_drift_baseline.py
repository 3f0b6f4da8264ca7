"""Baselines are listed with what they were made from, promoted by file or name, and rolled back."""

import json
from pathlib import Path
from typing import Any

import pytest
from nephoscope.cli.main import main

CONFIGURATION = """
version: 1
hub: local
state: sqlite:state.db
topic: sqlite:topic.db
datasets:
  scores: {objects: landed}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and two Profiles."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    (tmp_path / "landed").mkdir()
    for name, rows in (("a", "1\n2\n"), ("b", "3\n4\n5\n")):
        (tmp_path / f"{name}.csv").write_text(f"score\n{rows}")
        assert main(["drift", "profile", f"{name}.csv", "-o", f"{name}.json"]) == 0
    return tmp_path


def answered(capsysbinary: pytest.CaptureFixture[bytes], *words: str) -> dict[str, Any]:
    """A command's JSON."""
    capsysbinary.readouterr()
    assert main(["--output", "json", *words]) == 0
    return json.loads(capsysbinary.readouterr().out)


def test_a_rollback_goes_back_one_promotion_at_a_time(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Promote a, then b, then a again; each rollback takes one of them back, until there is nothing before."""
    first = answered(capsysbinary, "baseline", "promote", "scores", "a.json")["current"]
    listed = answered(capsysbinary, "baseline", "promote", "scores", "b.json")
    second = listed["current"]
    assert [(one["version"], one["rows"]) for one in listed["versions"]] == [(first, 2), (second, 3)]
    assert listed["versions"][1]["sources"][0]["url"].endswith("b.csv")
    assert answered(capsysbinary, "baseline", "promote", "scores", first)["current"] == first

    assert answered(capsysbinary, "baseline", "rollback", "scores")["current"] == second
    assert answered(capsysbinary, "baseline", "rollback", "scores")["current"] == first
    assert main(["baseline", "rollback", "scores"]) == 2
    assert answered(capsysbinary, "baseline", "list", "scores")["current"] == first


def test_what_is_not_there_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown data set, an unknown version and a file that is no Profile are told apart, with exit code 2."""
    for words, sentence in (
        (["list", "other"], "no data set 'other'"),
        (["promote", "scores", "0123456789ab"], "no Baseline version '0123456789ab'"),
        (["promote", "scores", "a.csv"], "are no Profile"),
        (["rollback", "scores"], "no Baseline from before"),
    ):
        assert main(["baseline", *words]) == 2
        captured = capsys.readouterr()
        assert sentence in captured.err
        assert captured.out == ""


def test_a_versions_source_is_shown_whole(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal of 80 letters the time and the place of a version are folded, not cut."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["baseline", "promote", "scores", "a.json"]) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    *_, sources = zip(*(line.split("│")[1:-1] for line in shown.splitlines() if "│" in line), strict=True)
    assert "".join(map(str.strip, sources)) == (folder / "a.csv").resolve().as_uri()
