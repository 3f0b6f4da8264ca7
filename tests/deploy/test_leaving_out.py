"""Whoever has no account in a cloud signs in to nobody there."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest


@pytest.fixture
def copied(terraform, tmp_path):
    """A copy of deploy/ to leave clouds out of."""
    shutil.copytree(terraform.deploy, tmp_path / "deploy", ignore=shutil.ignore_patterns(".terraform*"))
    return replace(terraform, deploy=tmp_path / "deploy")


def left_out(copied, *clouds):
    """Leave clouds out; the providers that a plan would sign in with."""
    program = [sys.executable, str(copied.deploy / "leave_out.py"), *clouds]
    assert subprocess.run(program, check=False).returncode == 0
    code, said = copied.run(".", "init", "-no-color", "-backend=false")
    assert code == 0, said
    code, graph = copied.run(".", "graph", "-type=plan")
    assert code == 0, graph
    return set(re.findall(r'provider\[\\"registry.terraform.io/hashicorp/(\w+)\\"\]', graph))


def test_a_cloud_that_is_left_out_is_not_signed_in_to(copied):
    """Its provider takes no part in a plan; taken in again, it does."""
    assert left_out(copied, "azure", "gcp") == {"aws"}
    assert left_out(copied) == {"aws", "azurerm", "google"}


def test_what_is_no_cloud_is_refused(copied):
    """One sentence, exit code 2."""
    program = [sys.executable, str(copied.deploy / "leave_out.py"), "oci"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, "'oci' is no cloud" in done.stderr) == (2, True)
