"""Every command's real answer, held against the schema that is published for it."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from nephoscope.cli.main import parser
from nephoscope.cli.schema import schema_of
from nephoscope.cli.schemas import ANSWERS

NEPHOSCOPE = (sys.executable, "-m", "nephoscope")
BILL = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ServiceName,ServiceCategory,ProviderName\n"
    "1.25,1.5,USD,2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-05-03T00:00:00Z,2026-05-04T00:00:00Z,"
    "Usage,Compute,Compute,AWS\n"
)


def answer(*arguments: str) -> bytes:
    """What a command prints in the current folder."""
    return subprocess.run([*NEPHOSCOPE, *arguments, "--output", "json"], capture_output=True, check=True).stdout


def init() -> bytes:
    """Start a configuration."""
    return answer("init")


def validate() -> bytes:
    """Check it."""
    init()
    return answer("validate")


def cost_report() -> bytes:
    """Read a bill of one row, and a file that is no bill."""
    Path("bill.csv").write_text(BILL)
    Path("other.csv").write_text("a,b\n1,2\n")
    return answer("cost", "report", "bill.csv", "other.csv", "--budget", "1")


def demo() -> bytes:
    """Play the demo."""
    return answer("demo")


def up() -> bytes:
    """Run the local runner until it has handled a file, then ask it to stop."""
    init()
    Path("landing/user_features").mkdir(parents=True)
    Path("landing/user_features/cut.parquet").write_bytes(b"PAR1")
    with subprocess.Popen(
        [*NEPHOSCOPE, "up", "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as runner:
        try:
            assert runner.stderr is not None
            assert runner.stderr.readline()  # the log line of its first run
            runner.send_signal(signal.SIGTERM)
            return runner.communicate(timeout=30)[0]
        finally:
            runner.kill()


RUNS: dict[str, Callable[[], bytes]] = {
    "cost.report": cost_report,
    "demo": demo,
    "init": init,
    "up": up,
    "validate": validate,
}
SLOW = {"demo"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in ANSWERS])
def test_an_answer_is_what_its_schema_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who script against a command's JSON find what `nephoscope schema` promised, and no key more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)
    document = json.loads(RUNS[name](), parse_constant=pytest.fail)
    schema = schema_of(ANSWERS[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["schema"] == f"nephoscope.{name}/1"


def names(command: argparse.ArgumentParser) -> Iterator[str]:
    """The name that each command's answer carries."""
    groups: list[Any] = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for subcommand in group.choices.values():
            yield from names(subcommand)
    if not groups:
        yield command.get_default("name")


def test_every_command_has_a_schema() -> None:
    """There is no command whose JSON is not described, and no description without a command."""
    assert set(names(parser())) == {*ANSWERS, "schema"}
