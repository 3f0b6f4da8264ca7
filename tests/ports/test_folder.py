"""What the watched folder promises: each landed content becomes one Event, whole, and the oldest first."""

import logging
import os
import time
from pathlib import Path

import pytest
from nephoscope.adapters.local.folder import Folder


def landed(folder: Folder) -> list[str]:
    """The keys that two looks tell of: a file has to stand still between two."""
    list(folder.look())
    return [event.object.key for event in folder.look()]


def test_a_file_is_told_once_it_stands_still(tmp_path: Path) -> None:
    """A file that still grows is left alone."""
    folder = Folder(tmp_path)
    file = tmp_path / "a.parquet"
    file.write_bytes(b"half")
    assert list(folder.look()) == []
    file.write_bytes(b"half and whole")
    assert list(folder.look()) == []
    assert [event.object.size for event in folder.look()] == [14]
    assert list(folder.look()) == []


def test_drafts_and_hidden_files_are_not_told(tmp_path: Path) -> None:
    """Names that begin with a dot or end in .part or .tmp are somebody's work in progress."""
    for name in (".a.parquet", "a.part", "a.tmp", "b.parquet"):
        (tmp_path / name).write_bytes(b"x")
    assert landed(Folder(tmp_path)) == ["b.parquet"]


def test_the_same_content_is_the_same_event(tmp_path: Path) -> None:
    """Landing the same bytes under the same name again has the id that the ledger knows; other bytes have another."""
    file = tmp_path / "a.parquet"
    folder = Folder(tmp_path)
    ids = []
    for body, at in ((b"1", 1_000), (b"1", 2_000), (b"2", 3_000)):
        file.write_bytes(body)
        os.utime(file, (at, at))
        list(folder.look())
        ids += [event.id for event in folder.look()]
    assert ids[0] == ids[1] != ids[2]


def test_the_oldest_file_comes_first(tmp_path: Path) -> None:
    """Files that landed while nobody looked come in the order of their times, whatever their names."""
    for name, at in (("a", 3_000), ("b", 1_000), ("sub/c", 2_000)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (at, at))
    assert landed(Folder(tmp_path)) == ["b", "sub/c", "a"]


def test_a_restart_tells_everything_again(tmp_path: Path) -> None:
    """A new watcher forgets nothing: the ledger sorts out what was handled."""
    (tmp_path / "a").write_bytes(b"x")
    assert landed(Folder(tmp_path)) == landed(Folder(tmp_path)) == ["a"]


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file whose name is not UTF-8 stops nothing: it is said once in the log, and the others are told."""
    (tmp_path / "x\udcff.csv").write_bytes(b"x")
    (tmp_path / "a").write_bytes(b"x")
    folder = Folder(tmp_path)
    with caplog.at_level(logging.WARNING, "nephoscope"):
        assert landed(folder) == ["a"]
        assert landed(folder) == []
    (record,) = caplog.records
    assert r"'x\udcff.csv'" in record.facts["error"]


def test_no_file_was_written_in_the_future(tmp_path: Path) -> None:
    """A copy that kept the time of a wrong clock is told with the time of the look, not with one that is to come."""
    (tmp_path / "a").write_bytes(b"x")
    ahead = time.time() + 30 * 86_400
    os.utime(tmp_path / "a", (ahead, ahead))
    folder = Folder(tmp_path)
    list(folder.look())
    (event,) = folder.look()
    assert abs(event.at.timestamp() - time.time()) < 60
