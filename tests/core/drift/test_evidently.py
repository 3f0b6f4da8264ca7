"""The preset `evidently` says what Evidently 0.7.23 says, by its frozen answers (oracles/evidently_answers.py)."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FROZEN = json.loads((Path(__file__).parent / "oracles" / "evidently.json").read_text())["tables"]
SIZES = {"small": (700, 500), "large": (3_000, 2_500), "one_small": (900, 12_000)}
NAMES = {
    "K-S p_value": "ks_p",
    "chi-square p_value": "chi2_p",
    "Z-test p_value": "z_proportions_p",
    "Jensen-Shannon distance": "js_ln",
    "Wasserstein distance (normed)": "wasserstein_normed",
}


@pytest.mark.parametrize("name", FROZEN)
def test_every_column_has_evidentlys_method_value_and_verdict(
    name: str, oracle_files: Callable[..., Any], drift_compare: Callable[..., Any]
) -> None:
    """Method, limit and verdict are Evidently's for each column that it compares, and the value is to 1e-6."""
    ours = drift_compare(oracle_files(SIZES[name], list(SIZES).index(name)), "--preset", "evidently")["columns"]
    theirs = {column: said for column, said in FROZEN[name]["columns"].items() if said["method"] in NAMES}
    assert len(theirs) >= 23

    for column, said in theirs.items():
        assert (ours[column]["method"], ours[column]["limit"]) == (NAMES[said["method"]], said["limit"]), column
        assert ours[column]["value"] == pytest.approx(said["value"], abs=1e-6), column
        assert (ours[column]["verdict"] == "breach") is said["drift"], column
    assert {column for column in ours if ours[column]["method"] is None} == set(ours) - set(theirs)


@pytest.mark.parametrize("name", FROZEN)
def test_single_methods_have_evidentlys_values(
    name: str, oracle_files: Callable[..., Any], drift_compare: Callable[..., Any]
) -> None:
    """A method that is asked for has Evidently's own bins and floors."""
    asked: dict[str, dict[str, float]] = defaultdict(dict)
    for key, value in FROZEN[name]["single"].items():
        method, column = key.split()
        asked[method][column] = value

    for method, values in asked.items():
        options = [option for column in values for option in ("--method", f"{column}={method}")]
        paths = oracle_files(SIZES[name], list(SIZES).index(name))
        found = drift_compare(paths, "--preset", "evidently", *options)["columns"]
        assert {column: found[column]["value"] for column in values} == pytest.approx(values, abs=1e-6), method
