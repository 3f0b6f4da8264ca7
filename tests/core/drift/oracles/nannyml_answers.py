"""
Asks NannyML what it says of the tables, and freezes its answers.

    python -m venv peer && peer/bin/pip install nannyml==0.13.1 statsmodels pyarrow 'setuptools<81'
    peer/bin/python tests/core/drift/oracles/nannyml_answers.py

The answers stand beside this script, in nannyml.json.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import nannyml
import numpy as np
import pyarrow as pa
from tables import NANNYML, tables

METHODS = {
    "js": "jensen_shannon",
    "ks": "kolmogorov_smirnov",
    "wasserstein": "wasserstein",
    "hellinger": "hellinger",
    "l_infinity": "l_infinity",
    "chi2": "chi2",
}
NUMBERS, WORDS = ("js", "ks", "wasserstein", "hellinger"), ("js", "hellinger", "l_infinity", "chi2")
LEFT_OUT = {"endless", "at", "integers_with_holes"}
CUTS = {"default": {}, "size": {"chunk_size": 450}, "number": {"chunk_number": 7}, "period": {"chunk_period": "Y"}}


def answers(baseline: pa.Table, window: pa.Table, cut: dict[str, object]) -> dict[str, object]:
    """Each column's chunks by each method: value, limit and alert."""
    reference, current = baseline.to_pandas(), window.to_pandas()
    columns = [name for name in reference.columns if name not in LEFT_OUT]
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=columns,
        timestamp_column_name="at" if "chunk_period" in cut else None,
        continuous_methods=[METHODS[method] for method in NUMBERS],
        categorical_methods=[METHODS[method] for method in WORDS],
        **cut,
    ).fit(reference)
    frame = calculator.calculate(current).filter(period="analysis").to_df()
    return {name: _chunks(frame[name], name, reference[name].dtype) for name in columns}


def _chunks(frame: object, name: str, dtype: object) -> dict[str, dict[str, object]]:
    methods = NUMBERS if np.issubdtype(getattr(dtype, "type", object), np.number) else WORDS
    found = {}
    for method in methods:
        said = frame[METHODS[method]]
        limits = said.get("upper_threshold")
        known = limits is not None and limits.iloc[0] is not None
        found[method] = {
            "values": [round(float(value), 9) for value in said["value"]],
            "limit": round(float(limits.iloc[0]), 9) if known else None,
            "alerts": "".join("x" if alert else "." for alert in said["alert"]),
        }
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = {name: answers(*tables(NANNYML, 7), cut) for name, cut in CUTS.items()}
    found["binned"] = answers(*tables((12_000, 3_000), 8), {})
    document = {"nannyml": nannyml.__version__, "numpy": np.__version__, "tables": found}
    place = Path(__file__).with_name("nannyml.json")
    place.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n")
