"""The page on monitoring says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nephoscope.jobs.publishing import Outcome
from nephoscope.monitoring import access, canary, security_event, spread, version, watch
from nephoscope.monitoring.answer import Fault, Lack
from nephoscope.settings import load

PAGE = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text()
CHECKS = [
    watch.LIMIT,
    watch.REFERENCE,
    watch.ADAPTIVE,
    watch.READ,
    canary.CHECK,
    spread.CHECK,
    version.SERVED,
    version.LAG,
    access.CHECK,
    security_event.CHECK,
]


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
def test_every_example_is_valid(text: str, tmp_path: Path) -> None:
    """Each configuration on the page can be copied and is accepted."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(text)
    assert load(path).version == 1


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_explained(check: str) -> None:
    """Each check has its row."""
    assert f"| `{check}` |" in PAGE


@pytest.mark.parametrize("word", [*Lack, *Fault, *canary.Decision, *(each for each in Outcome if each != "sending")])
def test_every_word_of_an_answer_is_explained(word: str) -> None:
    """Each kind of unknown, fault, decision and outcome has its row."""
    assert f"| `{word}` |" in PAGE
