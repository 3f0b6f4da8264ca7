"""What `security log` refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from nephoscope.cli.main import main


def test_a_detail_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two values of one detail are a mistake, and nothing is recorded."""
    (tmp_path / "nephoscope.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)

    assert main(["security", "log", "x", "--detail", "a=1", "--detail", "a=2"]) == 2
    assert "'a' is given twice" in capsys.readouterr().err
    assert not (tmp_path / "nephoscope.db").exists()
