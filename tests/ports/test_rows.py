"""The rows of a table in their order, for what is judged in chunks."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.rows import Rows
from nephoscope.errors import Unreadable


def test_words_that_are_not_utf_8_are_unreadable(tmp_path: Path) -> None:
    """A column that cannot be decoded makes its file unreadable, with one sentence why."""
    pq.write_table(pa.table({"w": pa.array([b"abc", b"\xff\xfe"]).view(pa.string())}), tmp_path / "bad.parquet")
    with pa.OSFile(str(tmp_path / "bad.parquet")) as file:
        rows = Rows(file, "bad.parquet", {})
        with pytest.raises(Unreadable, match=r"'bad\.parquet' broke off while it was read: 'utf-8' codec"):
            rows.column("w", {})
