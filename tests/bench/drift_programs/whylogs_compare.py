"""whylogs' profiles of two Parquet files and its drift scores; prints which columns drifted."""

import json
import sys
import warnings

import pandas as pd
import whylogs
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

warnings.simplefilter("ignore")
reference, current = (whylogs.log(pd.read_parquet(path)).view() for path in sys.argv[1:3])
scores = calculate_drift_scores(target_view=current, reference_view=reference, with_thresholds=True)
print(json.dumps({name: bool(score and score["drift_category"] == "DRIFT") for name, score in scores.items()}))
