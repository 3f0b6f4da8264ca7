"""The policy scan finds nothing but what was decided otherwise, for at most ten reasons."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCAN = ROOT / ".venv-policy" / "bin" / "checkov"
RULES = ROOT / "deploy" / "checkov.yaml"


def test_the_scan_finds_nothing():
    """No module fails a check that is not on the reasoned list; and the scan did look."""
    if not SCAN.exists():
        pytest.skip("no checkov: make policy")
    asked = [str(SCAN), "--directory", str(ROOT / "deploy"), "--config-file", str(RULES), "--output", "json"]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    found = json.loads(done.stdout)
    assert [(one["check_id"], one["resource"]) for one in found["results"]["failed_checks"]] == []
    assert found["summary"]["passed"] > 300
    assert found["summary"]["parsing_errors"] == 0


def test_each_exception_has_a_reason():
    """There are at most ten reasons, numbered in order, and no exception stands outside them."""
    text = RULES.read_text().split("skip-check:")[1]
    numbers = [int(number) for number in re.findall(r"^  # (\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) <= 10
    assert text.lstrip().startswith("# 1. ")
