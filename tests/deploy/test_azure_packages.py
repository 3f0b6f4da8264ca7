"""The command that publishes an Azure app's package, run by applies against a stand-in of az."""

import pytest
from fakes.applies import apply, asked, stand_in, with_environment


@pytest.fixture
def applied(initialised, tmp_path):
    """Apply runs where az is a stand-in: the exit code, what was said, and what az was asked."""

    def run(runs, code=0):
        there = with_environment(initialised("azure/app"), stand_in(tmp_path, "az", f"exit {code}"))
        return *apply(there, "azure/app", "settings.tftest.hcl", "az", runs), asked(tmp_path)

    return run


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
    code, said, calls = applied(CHANGED)
    assert code == 0, said
    told = "functionapp deployment source config-zip --subscription 22222222-2222-4222-8222-222222222222"
    named = "--resource-group nephoscope --name nephoscope-cost-0f0f0f --src ../../../build/azure"
    assert calls == [f"{told} {named}/cost.zip", f"{told} {named}/drift.zip"]


def test_a_package_that_is_not_published_fails_the_apply(applied):
    """It is tried again by the next one."""
    code, said, calls = applied('\nrun "applied" {}\n', code=1)
    assert code != 0, said
    assert len(calls) == 1
