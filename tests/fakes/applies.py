"""Terraform's applies where a cloud's own program is a stand-in that keeps what it was asked."""

import os
import re
from dataclasses import replace

STAND_IN = """#!/bin/sh
echo "$*" >> "$ASKED"
{does}
"""


def stand_in(folder, program, does):
    """Put a stand-in of a program into a folder; the environment that finds it."""
    (folder / program).write_text(STAND_IN.format(does=does))
    (folder / program).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "ASKED": str(folder / "asked")}


def asked(folder):
    """What the stand-in there was asked, in order."""
    return (folder / "asked").read_text().splitlines()


def apply(terraform, module, test, program, runs):
    """Apply runs under the head of one of a module's tests, where applies call the program; its exit code and words."""
    tests = terraform.deploy / module / "tests"
    head = (tests / test).read_text().split("\nrun ")[0]
    switched, count = re.subn(rf"\b({program} *= )false", r"\1true", head)
    assert count == 1
    alone = tests / "applied.tftest.hcl"
    alone.write_text(switched + runs)
    try:
        return terraform.run(module, "test", "-filter=tests/applied.tftest.hcl")
    finally:
        alone.unlink()


def with_environment(terraform, environment):
    """The same Terraform, where more stands in the environment."""
    return replace(terraform, environment=terraform.environment | environment)
