"""Every command's real answer, held against the schema that is published for it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from nephoscope.cli.main import main
from nephoscope.cli.schema import schema_of
from nephoscope.cli.schemas import ANSWERS

# How each command is run, in an empty folder; the last line's answer is the one that is looked at.
RUNS: dict[str, list[list[str]]] = {
    "init": [["init"]],
    "validate": [["init"], ["validate"]],
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_is_what_its_schema_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """People who script against a command's JSON find what `nephoscope schema` promised, and no key more."""
    monkeypatch.chdir(tmp_path)
    for arguments in RUNS[name]:
        capsys.readouterr()
        assert main([*arguments, "--output", "json"]) == 0
    answer = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    schema = schema_of(ANSWERS[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(answer)
    assert answer["schema"] == f"nephoscope.{name}/1"
