"""Which entry points are on in which function app of Azure is told for each of them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_entry_point_is_on_or_off():
    """An entry point that the deployment did not know would be on in every app."""
    defined = set(
        re.findall(r"^def (\w+_on_\w+)\(", (ROOT / "functions/azure/function_app.py").read_text(), re.MULTILINE)
    )
    listed = (ROOT / "deploy/azure/entry_points/main.tf").read_text().partition("  all = [")[2].partition("]")[0]
    assert set(re.findall(r'"(\w+)"', listed)) == defined
