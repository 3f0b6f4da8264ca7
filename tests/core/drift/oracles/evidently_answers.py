"""
Asks Evidently what it says of the tables, and freezes its answers.

    python -m venv peer && peer/bin/pip install evidently==0.7.23 'pandas<3.1' pyarrow
    peer/bin/python tests/core/drift/oracles/evidently_answers.py

The answers stand beside this script, in evidently.json.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import evidently
import numpy as np
import pyarrow as pa
from evidently import Report
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset
from tables import SIZES, tables

METHODS = {"psi": "psi", "kl": "kl_div", "hellinger": "hellinger", "js_ln": "jensenshannon", "energy": "ed"}
TRIED = {
    "psi": ("same", "shifted", "letters", "new_letter", "four_numbers"),
    "kl": ("same", "shifted", "moved_letters", "seven_numbers"),
    "hellinger": ("same", "shifted", "moved_letters"),
    "js_ln": ("same", "shifted", "lognormal"),
    "energy": ("same", "shifted"),
}


def answers(baseline: pa.Table, window: pa.Table) -> dict[str, object]:
    """What the preset and single methods say."""
    reference, current = baseline.to_pandas(), window.to_pandas()
    result = Report([DataDriftPreset()], include_tests=True).run(current, reference).dict()
    columns, dataset = {}, {}
    for metric in result["metrics"]:
        config = metric["config"]
        if config["type"].endswith("DriftedColumnsCount"):
            dataset = {"count": metric["value"]["count"], "share": metric["value"]["share"]}
        else:
            columns[config["column"]] = {
                "method": config["method"],
                "value": float(metric["value"]),
                "limit": config["threshold"],
            }
    for test in result["tests"]:
        column = test["metric_config"]["params"].get("column")
        if column in columns:
            columns[column]["drift"] = str(test["status"]).endswith("FAIL")
    for column in columns:
        words = str(reference[column].dtype) in ("str", "object", "string")
        if words and reference[column].nunique() > 0.5 * len(reference):
            columns[column]["method"] = "text"
    single = {
        f"{ours} {column}": float(
            Report([ValueDrift(column=column, method=theirs)]).run(current, reference).dict()["metrics"][0]["value"]
        )
        for ours, theirs in METHODS.items()
        for column in TRIED[ours]
    }
    return {"columns": columns, "dataset": dataset, "single": single}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = {name: answers(*tables(size, seed)) for seed, (name, size) in enumerate(SIZES.items())}
    document = {"evidently": evidently.__version__, "numpy": np.__version__, "tables": found}
    place = Path(__file__).with_name("evidently.json")
    place.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
