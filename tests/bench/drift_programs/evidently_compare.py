"""Evidently's default preset over two Parquet files; prints which columns drifted."""

import json
import sys
import warnings

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

warnings.simplefilter("ignore")
reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
result = Report([DataDriftPreset()], include_tests=True).run(current, reference).dict()
drifted = {}
for test in result["tests"]:
    column = test["metric_config"]["params"].get("column")
    if column is not None:
        drifted[column] = str(test["status"]).endswith("FAIL")
print(json.dumps(drifted))
