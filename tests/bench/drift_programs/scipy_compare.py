"""What a careful script does with pandas and SciPy: KS, Wasserstein and Jensen-Shannon of each column."""

import sys

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import jensenshannon

baseline, window = (pd.read_parquet(path) for path in sys.argv[1:3])
for column in baseline.columns:
    before, now = baseline[column].dropna(), window[column].dropna()
    if before.dtype.kind == "f":
        a, b = before.to_numpy(), now.to_numpy()
        print(column, stats.ks_2samp(a, b).statistic, stats.wasserstein_distance(a, b) / a.std())
    else:
        shares = pd.concat([before.value_counts(normalize=True), now.value_counts(normalize=True)], axis=1).fillna(0)
        print(column, jensenshannon(*np.asarray(shares).T, 2))
