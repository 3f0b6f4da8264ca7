"""What the README says of the variables is what they are, and its example is a configuration."""

import importlib.util
import re
from pathlib import Path

import pytest
from nephoscope import settings

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def document():
    """The program that writes the table."""
    spec = importlib.util.spec_from_file_location("document", DEPLOY / "document.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_fresh(document):
    """Whoever changes a variable runs document.py."""
    readme = (DEPLOY / "README.md").read_text()
    assert document.written(readme, (DEPLOY / "variables.tf").read_text()) == readme


def test_every_variable_is_told(document):
    """No variable and no part of one is missing, and each variable has its sentence."""
    hcl = (DEPLOY / "variables.tf").read_text()
    table = document.table(hcl)
    for name, body in document.VARIABLE.findall(hcl):
        assert f"| `{name}` |" in table
        assert "description" in body
        parts = re.findall(r"^    (\w+) += (?:string|list|set|map|optional)", body, re.MULTILINE)
        assert all(f"| `{name}.{part}` |" in table for part in parts)


def test_the_ten_minutes_begin_with_a_valid_configuration(tmp_path):
    """The README's example can be copied."""
    readme = (DEPLOY / "README.md").read_text()
    lines = readme.split("```yaml\n")[1].split("```")[0].splitlines()
    path = tmp_path / "nephoscope.yaml"
    path.write_text("\n".join(line.removeprefix("   ") for line in lines))
    assert settings.load(path).hub == "aws"


def test_every_target_and_program_is_there():
    """Each `make` target and each program of ours that the README names exists."""
    readme, root = (DEPLOY / "README.md").read_text(), DEPLOY.parent
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", readme)) <= targets | {"it"}
    programs = re.findall(r"python (\S+\.py)", readme)
    assert programs
    assert all((root / name).exists() or (DEPLOY / name).exists() for name in programs)
    assert "make deploy-setup" in readme.partition("stage.py")[0]  # before anything is staged


def test_every_output_is_there():
    """Each output that the README has people read is one of the root module's."""
    outputs = set(re.findall(r'^output "(\w+)"', (DEPLOY / "outputs.tf").read_text(), re.MULTILINE))
    named = set(re.findall(r"terraform output (?:-raw )?(\w+)", (DEPLOY / "README.md").read_text()))
    assert named
    assert named <= outputs
