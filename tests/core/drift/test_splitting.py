"""A limit that lies within the bound of a value is decided by a second look."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from nephoscope.cli.main import main
from nephoscope.drift.profile import Floats
from scipy import stats

ROWS = 120_000  # more than are compared without bins


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Floats, Floats]:
    """Two tables of many rows, as Parquet and as CSV, and their one column."""
    folder, draw = tmp_path_factory.mktemp("tables"), np.random.default_rng(3)
    a, b = draw.normal(size=ROWS), draw.normal(0.12, 1, size=ROWS)
    for name, values in (("a", a), ("b", b)):
        table = pa.table({"x": pa.array(values, mask=np.arange(ROWS) % 50 == 0)})
        pq.write_table(table, folder / f"{name}.parquet")
        csv.write_csv(table, folder / f"{name}.csv")
    return folder, a[np.arange(ROWS) % 50 != 0], b[np.arange(ROWS) % 50 != 0]


METHODS: dict[str, Callable[[Floats, Floats], float]] = {
    "ks": lambda a, b: float(stats.ks_2samp(a, b, method="asymp").statistic),
    "wasserstein_normed": lambda a, b: float(stats.wasserstein_distance(a, b) / a.std()),
}


@pytest.mark.parametrize("written", ["parquet", "csv"])
@pytest.mark.parametrize("method", METHODS)
def test_a_verdict_near_its_limit_is_the_exact_one(
    method: str, written: str, tables: tuple[Path, Floats, Floats], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Limits a billionth above and below the exact value are kept and broken, whatever the bins tell."""
    folder, a, b = tables
    exact = METHODS[method](a, b)
    for factor, verdict in ((1 + 1e-9, "ok"), (1 - 1e-9, "breach")):
        options = ["--method", method, "--limit", repr(exact * factor), "--output", "json"]
        assert main(["drift", "compare", f"{folder}/a.{written}", f"{folder}/b.{written}", *options]) == 0
        (x,) = json.loads(capsysbinary.readouterr().out)["columns"]
        assert x["verdict"] == verdict
        assert x["value"] == pytest.approx(exact, rel=1e-10)
        assert x["bound"] < 1e-12


def test_evidentlys_floor_is_taken_of_exact_shares(
    tables: tuple[Path, Floats, Floats], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Beyond 100,000 rows its stability index is that of its own histogram over all values."""
    folder, a, b = tables
    command = ["drift", "compare", f"{folder}/a.parquet", f"{folder}/b.parquet", "--preset", "evidently"]
    assert main([*command, "--method", "psi", "--output", "json"]) == 0
    (x,) = json.loads(capsysbinary.readouterr().out)["columns"]
    both = np.concatenate((a, b))
    edges = np.histogram_bin_edges(both, bins=int(np.ceil(np.log2(len(both)) + 1)))
    p, q = (np.histogram(side, edges)[0] / len(side) for side in (a, b))
    p, q = (np.where(s == 0, s[s > 0].min() / 1e6 if s[s > 0].min() <= 1e-4 else 1e-4, s) for s in (p, q))
    assert x["value"] == pytest.approx(float(((p - q) * np.log(p / q)).sum()), rel=1e-6)
    assert x["bound"] == 0
