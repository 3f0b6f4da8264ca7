"""NannyML's univariate calculator with its default methods over two Parquet files; prints which columns drifted."""

import json
import sys
import warnings

import nannyml
import pandas as pd

nannyml.usage_logging.disable_usage_logging()
warnings.simplefilter("ignore")
reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference.columns)).fit(reference)
frame = calculator.calculate(current).filter(period="analysis").to_df()
print(json.dumps({column: bool(frame[column, "jensen_shannon", "alert"].any()) for column in reference.columns}))
