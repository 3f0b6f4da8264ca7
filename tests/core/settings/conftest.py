"""Configurations to read: a small one that is valid, and a way to write any text down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nephoscope.errors import BadSettings
from nephoscope.settings import load

VALID = Path(__file__).with_name("valid.yaml")


@pytest.fixture
def valid() -> str:
    """A valid configuration that uses every section."""
    return VALID.read_text()


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a configuration down and tell where."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "nephoscope.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def refused(written: Callable[[str | bytes], Path]) -> Callable[[str | bytes], list[str]]:
    """Read a configuration that has mistakes; its mistakes, each without the path of the file."""

    def read(text: str | bytes) -> list[str]:
        path = written(text)
        with pytest.raises(BadSettings) as caught:
            load(path)
        return [mistake.removeprefix(f"{path}:") for mistake in caught.value.mistakes]

    return read
