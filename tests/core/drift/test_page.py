"""The page of a comparison, in a real browser."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def written(tmp_path: Path, drift_compare: Callable[..., Any]) -> Callable[[int], Path]:
    """Compare two tables of so many columns and write the page."""

    def write(columns: int) -> Path:
        paths = []
        for moved in (0, 1):
            draw = np.random.default_rng(moved)
            table = {f"number {k}": draw.normal(0.5 * moved * (k == 3), 1, 400) for k in range(columns - 2)}
            table[HOSTILE] = draw.choice(["a", "b", "<b>&amp;$x^2$"], 400)
            table["text"] = [f"row {k}" for k in range(400)]
            pq.write_table(pa.table(table), tmp_path / f"{moved}.parquet")
            paths.append(str(tmp_path / f"{moved}.parquet"))
        drift_compare(tuple(paths), "--html", str(tmp_path / "page.html"))
        return tmp_path / "page.html"

    return write


def seen(page: Path, tmp_path: Path) -> str:
    """The document as the browser holds it after it has loaded."""
    assert BROWSER is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command = [BROWSER, *options, f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()


@pytest.mark.skipif(BROWSER is None, reason="no chromium: apt-get install chromium")
@pytest.mark.parametrize("columns", [25, pytest.param(300, marks=pytest.mark.slow)])
def test_a_browser_shows_every_column_and_its_drawing(
    columns: int, written: Callable[[int], Path], tmp_path: Path
) -> None:
    """Each column has a row that leads to its drawing; the breaching one comes first; no name becomes markup."""
    shown = seen(written(columns), tmp_path)
    assert shown.count('<section class="card"') == columns
    assert shown.count("<svg") == columns - 1  # text has none
    rows = re.findall(r'<tr><td><a href="#column-(\d+)">([^<]*)</a>', shown)
    assert len(rows) == columns
    assert rows[0][1] == "number 3"
    assert all(f'id="column-{place}"' in shown for place, _ in rows)
    assert "<script" not in shown


def test_the_page_needs_nothing_but_itself(written: Callable[[int], Path]) -> None:
    """No script, style sheet, font or picture is fetched, and every id on it is there once."""
    text = written(25).read_text()
    assert re.findall(r'(?:href|src)="[^"#]|url\([^#)]', text) == []
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert len(text) < 2_000_000
