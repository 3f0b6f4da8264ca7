"""Where commands read from and write to: what is there keeps its kind and its mode, and no input is lost."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from nephoscope.cli.main import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a small table in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("score\n1\n2\n")
    return tmp_path


def profiled(to: str) -> int:
    """Write a Profile there; the exit code."""
    return main(["drift", "profile", "a.csv", "-o", to])


def test_a_pipe_is_written_into(folder: Path) -> None:
    """A pipe stays one, and who reads it gets the whole Profile."""
    os.mkfifo("pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()), daemon=True)
    reader.start()
    assert profiled("pipe") == 0
    assert Path("pipe").is_fifo()
    reader.join(10)
    assert json.loads(read[0])["rows"] == 2


def test_a_links_target_is_written(folder: Path) -> None:
    """Writing to a symbolic link leaves the link and replaces what it points to."""
    Path("target.json").write_text("old")
    Path("link.json").symlink_to("target.json")
    assert profiled("link.json") == 0
    assert Path("link.json").is_symlink()
    assert json.loads(Path("target.json").read_bytes())["rows"] == 2


def test_a_private_file_stays_private(folder: Path) -> None:
    """A file that is replaced keeps its mode."""
    Path("p.json").touch(mode=0o600)
    assert profiled("p.json") == 0
    assert Path("p.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [["drift", "profile", "a.csv", "-o"], ["init", "--config"]])
def test_a_name_may_be_as_long_as_the_disk_allows(words: list[str], folder: Path) -> None:
    """250 characters are a name like any other."""
    assert main([*words, "n" * 250]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "n" * 250]


@pytest.mark.parametrize(
    "words",
    [
        ["profile", "a.csv", "-o", "a.csv"],
        ["profile", "a.csv", "-o", "link.csv"],
        ["profile", "a.csv", "-o", "p.json", "--like", "p.json"],
        ["merge", "p.json", "q.json", "-o", "q.json"],
        ["compare", "a.csv", "b.csv", "--html", "b.csv"],
    ],
)
def test_no_input_is_written_over(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output that is one of the inputs, by its name or through a link, is refused, and nothing is touched."""
    Path("b.csv").write_text("score\n3\n")
    Path("link.csv").symlink_to("a.csv")
    assert profiled("p.json") == profiled("q.json") == 0
    before = {path: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    assert main(["drift", *words]) == 2
    told = capsys.readouterr()
    assert "is read by the same command" in told.err
    assert not told.out
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "words",
    [
        ["drift", "compare", "pipe", "a.csv"],
        ["drift", "profile", "pipe", "-o", "p.json"],
        ["cost", "report", "pipe"],
        ["series", "anomalies", "pipe"],
    ],
)
def test_a_pipe_is_no_file_to_read(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is read more than once has to be a regular file: <(cat a.csv) is refused with a sentence and exit code 2."""
    os.mkfifo("pipe")
    table = Path("a.csv").read_bytes()
    threading.Thread(target=Path("pipe").write_bytes, args=(table,), daemon=True).start()
    assert main(words) == 2
    told = capsys.readouterr()
    assert "'pipe' is no regular file" in told.err
    assert told.err.count("\n") == 1
    assert not told.out
