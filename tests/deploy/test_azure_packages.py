"""The command that publishes an Azure app's package, run by applies against a stand-in of az."""

import os
from dataclasses import replace

import pytest

AZ = """#!/bin/sh
echo "$*" >> "$ASKED"
exit {code}
"""


@pytest.fixture
def applied(initialised, tmp_path):
    """Apply runs where az is a stand-in: the exit code, what was said, and what az was asked."""
    terraform = initialised("azure/app")
    tests = terraform.deploy / "azure" / "app" / "tests"
    head = (tests / "settings.tftest.hcl").read_text().split("\nrun ")[0]
    alone = tests / "applied.tftest.hcl"

    def apply(runs, code=0):
        alone.write_text(head.replace("az       = false", "az       = true") + runs)
        (tmp_path / "az").write_text(AZ.format(code=code))
        (tmp_path / "az").chmod(0o755)
        asked = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ASKED": str(tmp_path / "asked")}
        there = replace(terraform, environment=terraform.environment | asked)
        done, said = there.run("azure/app", "test", "-filter=tests/applied.tftest.hcl")
        return done, said, (tmp_path / "asked").read_text().splitlines()

    yield apply
    alone.unlink()


CHANGED = """
run "applied" {}
run "again" {}
run "another" {
  variables {
    zip = "../../../build/azure/drift.zip"
  }
}
"""


def test_a_package_is_published_again_when_its_content_changed(applied):
    """Once for the first content, not again for the same, and again for another."""
    code, said, asked = applied(CHANGED)
    assert code == 0, said
    told = "functionapp deployment source config-zip --subscription 22222222-2222-4222-8222-222222222222"
    named = "--resource-group nephoscope --name nephoscope-cost-0f0f0f --src ../../../build/azure"
    assert asked == [f"{told} {named}/cost.zip", f"{told} {named}/drift.zip"]


def test_a_package_that_is_not_published_fails_the_apply(applied):
    """It is tried again by the next one."""
    code, said, asked = applied('\nrun "applied" {}\n', code=1)
    assert code != 0, said
    assert len(asked) == 1
