"""The preset `nannyml` says what NannyML 0.13.1 says, by its frozen answers (oracles/nannyml_answers.py)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FROZEN = json.loads((Path(__file__).parent / "oracles" / "nannyml.json").read_text())["tables"]
CUTS = {
    "default": [],
    "size": ["--chunk-size", "450"],
    "number": ["--chunks", "7"],
    "period": ["--chunk-period", "Y", "--time", "at"],
    "binned": [],
}
TABLES = {"binned": ((12_000, 3_000), 8)}
METHODS = ("js", "ks", "wasserstein", "hellinger", "l_infinity", "chi2")


@pytest.mark.parametrize("cut", CUTS)
def test_every_chunk_has_nannymls_value_limit_and_alert(
    cut: str, oracle_files: Callable[..., Any], drift_compare: Callable[..., Any]
) -> None:
    """By size, by number and by period, with every method that NannyML has for a column: values to 1e-6."""
    paths = oracle_files(*TABLES.get(cut, ((3_000, 2_000), 7)))
    for method in METHODS:
        theirs = {column: said[method] for column, said in FROZEN[cut].items() if method in said}
        options = [option for column in theirs for option in ("--method", f"{column}={method}")]

        ours = drift_compare(paths, "--preset", "nannyml", *CUTS[cut], *options)["columns"]

        for column, said in theirs.items():
            chunks = ours[column]["chunks"]
            assert [chunk["value"] for chunk in chunks] == pytest.approx(said["values"], abs=1e-6), (method, column)
            assert "".join(".x"[chunk["verdict"] == "breach"] for chunk in chunks) == said["alerts"], (method, column)
            assert (ours[column]["verdict"] == "breach") is ("x" in said["alerts"])
            if said["limit"] is not None:
                assert ours[column]["limit"] == pytest.approx(said["limit"], abs=1e-6), (method, column)
