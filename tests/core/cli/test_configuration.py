"""The commands that start, check and describe a configuration."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from nephoscope.cli.init import EXAMPLE
from nephoscope.cli.main import main
from nephoscope.settings import load
from nephoscope.settings.watches import asked


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with no configuration named in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)
    return tmp_path


def test_init_writes_an_example_that_is_valid(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` writes passes `validate` as it stands, and leaves nothing else behind."""
    assert main(["init"]) == 0
    assert main(["validate"]) == 0
    assert "ok: nephoscope.yaml (version 1," in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["nephoscope.yaml"]


def test_the_example_keeps_the_first_limits() -> None:
    """The example holds a mean's movement against 0.1, and the accuracy of an hour against 0.85."""
    settings = load(EXAMPLE)
    drift = settings.datasets["user_features"].limits().columns["activity_score"]["mean_diff"]
    (watch,) = asked(settings)["local"].watches
    assert str(drift) == "at most 0.1"
    assert (watch.model, watch.metric, str(watch.rule), watch.period) == (
        "fraud_detection_v2",
        "accuracy",
        "at least 0.85",
        timedelta(hours=1),
    )


def test_the_examples_other_channels_are_valid_too(folder: Path) -> None:
    """Whoever takes the comment signs off the example's other channels and routes has a valid file."""
    lines = EXAMPLE.read_text().splitlines()
    uncommented = [line.replace("# ", "", 1) if line.startswith("  # ") else line for line in lines]
    (folder / "more.yaml").write_text("\n".join(uncommented))
    assert sorted(load(folder / "more.yaml").channels) == ["console", "oncall", "team"]


def test_init_replaces_a_file_only_when_forced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that is there already is left as it is, with exit code 2, until --force is given."""
    path = folder / "nephoscope.yaml"
    path.write_text("mine")
    assert main(["init"]) == 2
    assert path.read_text() == "mine"
    assert "nephoscope.yaml is there already and was left as it is. To do: give --force" in capsys.readouterr().err
    assert main(["init", "--force"]) == 0
    assert path.read_bytes() == EXAMPLE.read_bytes()


def test_init_says_where_it_cannot_write(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, and a place in a folder that is not there, are refused with exit code 2."""
    assert main(["init", "--config", str(folder)]) == 2
    assert main(["init", "--config", str(folder / "no" / "x.yaml")]) == 2
    told = capsys.readouterr()
    assert "is a directory" in told.err
    assert "There is no folder" in told.err
    assert not told.out


def test_validate_prints_every_mistake_on_a_line_of_stderr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three mistakes are three lines on stderr and exit code 2; stdout stays empty, for JSON too."""
    (folder / "nephoscope.yaml").write_text("version: 2\nhob: local\ndelivery: {tries: 0}\n")
    assert main(["validate", "--output", "json"]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert told.err.splitlines()[0] == "nephoscope.yaml has 3 mistakes."
    assert [line.strip().split(": ")[0] for line in told.err.splitlines()[1:4]] == [
        "nephoscope.yaml:1:1",
        "nephoscope.yaml:2:1",
        "nephoscope.yaml:3:12",
    ]


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_validate_refuses_a_path_that_is_no_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing path and a directory: exit code 2, one sentence on stderr, empty stdout."""
    assert main(["--config", name, "validate"]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert len(told.err.splitlines()) == 1


def test_the_configuration_is_found_in_the_order_that_is_promised(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option goes before the variable, the variable before ./nephoscope.yaml."""
    for name in ("option", "variable", "nephoscope"):
        (folder / f"{name}.yaml").write_text("version: 1\n")
    found = []
    for arguments in (["--config", "option.yaml", "validate"], ["validate"]):
        monkeypatch.setenv("NEPHOSCOPE_CONFIG", "variable.yaml")
        assert main([*arguments, "--output", "json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["path"])
    monkeypatch.delenv("NEPHOSCOPE_CONFIG")
    assert main(["validate", "--output", "json"]) == 0
    assert [*found, json.loads(capsys.readouterr().out)["path"]] == ["option.yaml", "variable.yaml", "nephoscope.yaml"]


def test_validate_names_channels_that_no_route_goes_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A channel that would stay silent is allowed, and said."""
    (folder / "nephoscope.yaml").write_text(
        "version: 1\nchannels: {a: {type: console}, b: {type: console}}\nroute: {channels: [a]}\n"
    )
    assert main(["validate"]) == 0
    assert "no route goes to b" in capsys.readouterr().out


def test_schema_prints_the_configurations_json_schema(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The printed schema is one, in text and in JSON; it accepts the example and refuses an unknown key."""
    for arguments in (["schema"], ["schema", "--output", "json"]):
        assert main(arguments) == 0
        schema = json.loads(capsys.readouterr().out)
        validator = jsonschema.validators.validator_for(schema)
        validator.check_schema(schema)
        assert validator(schema).is_valid({"version": 1})
        assert not validator(schema).is_valid({"version": 1, "hob": "local"})


def test_schema_finds_a_command_by_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A command's schema names the answer it describes; an unknown command is told with the nearest one."""
    assert main(["schema", "validate"]) == 0
    assert '"nephoscope.validate/1"' in capsys.readouterr().out
    assert main(["schema", "valdate"]) == 2
    assert "did you mean 'validate'?" in capsys.readouterr().err
