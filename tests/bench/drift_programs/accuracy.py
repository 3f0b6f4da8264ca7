"""The greatest error of KS and of the normed Wasserstein distance from 256 bins; SciPy is the oracle."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.pair import pair
from nephoscope.drift.statistics import statistic
from nephoscope.events import ObjectRef
from scipy import stats

paths = [Path(path) for path in sys.argv[1:3]]
tables = FileTables(bins=256)
baseline = tables.profile(ObjectRef("local", str(paths[0].parent), paths[0].name))
window = tables.profile(ObjectRef("local", str(paths[1].parent), paths[1].name), like=baseline)
errors = {"ks": 0.0, "wasserstein_normed": 0.0}
for number in range(20):
    name = f"number_{number}"
    a, b = (pq.read_table(path, columns=[name])[name].drop_null().to_numpy() for path in paths)
    true = {
        "ks": stats.ks_2samp(a, b, method="asymp").statistic,
        "wasserstein_normed": stats.wasserstein_distance(a, b) / a.std(),
    }
    for method, value in true.items():
        found = statistic(method, pair(baseline, window, name))
        if not found.low - 1e-9 <= value <= found.high + 1e-9:
            raise SystemExit(f"{method} of {name}: {value} lies outside [{found.low}, {found.high}]")
        errors[method] = max(errors[method], abs(found.value - value))
print(json.dumps(errors))
