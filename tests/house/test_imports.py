"""What is imported is paid for at every cold start, so nothing heavy comes in unasked."""

import json
import subprocess
import sys

import pytest

SDKS = (
    "boto3",
    "botocore",
    "azure",
    "google",
    "feast",
    "duckdb",
    "pyarrow",
    "pandas",
    "slack_sdk",
    "ruamel",
    "jsonschema",
    "rich",
)


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a statement brings into a fresh interpreter."""
    tell = "import json; print(json.dumps(sorted(set(sys.modules) - had)), file=sys.__stdout__)"
    code = f"import sys; had = set(sys.modules)\n{statement}\n{tell}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {module.partition(".")[0] for module in json.loads(run.stdout)}


def test_the_package_loads_no_sdk() -> None:
    """`import nephoscope` loads nothing that the standard library and msgspec do not bring."""
    loaded = loaded_by("import nephoscope")
    assert not loaded & {*SDKS, "numpy", "msgspec"}


@pytest.mark.parametrize(
    "module",
    [
        "errors",
        "events",
        "findings",
        "report",
        "records",
        "outbox",
        "settings",
        "alerts.life",
        "jobs.notify",
        "wiring.entry",
    ],
)
def test_the_core_loads_no_sdk(module: str) -> None:
    """The vocabulary, the outbox and the hub's jobs are free of SDKs, YAML and data frames."""
    assert not loaded_by(f"import nephoscope.{module}") & set(SDKS)


def test_the_command_line_starts_without_readers_of_tables() -> None:
    """No command waits for pyarrow, DuckDB or any SDK before it knows what is asked."""
    for_people = {"rich", "ruamel", "jsonschema"}
    assert not loaded_by("from nephoscope.cli.main import parser; parser()") & (set(SDKS) - for_people)


@pytest.mark.parametrize("asked", ["--help", "--version", "dirft"])
def test_a_word_of_the_command_line_itself_loads_no_command(asked: str) -> None:
    """Help, the version and a mistyped command come at once: every command with what it needs takes a second."""
    ran = f"sys.stdout = None\nfrom nephoscope.cli.main import main\ntry: main(['{asked}'])\nexcept SystemExit: pass"
    assert not loaded_by(ran) & {*SDKS, "numpy", "cronsim"}
