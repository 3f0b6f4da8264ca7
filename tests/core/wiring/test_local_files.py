"""A database file that cannot be opened, and one that somebody else writes to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from nephoscope.adapters.local import database
from nephoscope.adapters.local.state import SqliteState
from nephoscope.errors import Transient

CONFIGURATION = """
version: 1
metric_stores: {local: {}}
models: {fraud_detection_v2: {}}
channels: {console: {type: console}}
route: {channels: [console]}
"""
COMMANDS = ["alerts list", "run monitoring", "metrics put fraud_detection_v2 accuracy=0.9", "redrive", "up"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_opened_ends_every_command(command: str, tmp_path: Path) -> None:
    """A directory where the database should be: exit code 2 and what to look at, and nothing that waits or goes on."""
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    (tmp_path / "nephoscope.db").mkdir()

    ran = subprocess.run(
        [sys.executable, "-m", "nephoscope", *command.split()], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "nephoscope.db' cannot be opened" in ran.stderr
    assert "To do: check the path and its rights." in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_locked_file_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that somebody else holds for long is no mistake of whoever asks, who may try again."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(Transient, match=r"locked.*try again"):
        SqliteState(tmp_path / "state.db").create("a", b"")
    holder.close()
