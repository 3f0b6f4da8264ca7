"""`make deploy-check` says what a configuration costs to run, by a model that is told with it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "deploy" / "tests" / "configs"


def priced(config, *options):
    """What it prints of a configuration, and each amount by its name."""
    command = [sys.executable, str(ROOT / "deploy" / "price.py"), str(config), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    amounts = re.findall(r"^(aws|azure|gcp|total) +([0-9.]+) USD", done.stdout, re.MULTILINE)
    return done.stdout, {name: float(amount) for name, amount in amounts}


def test_the_sum_is_of_the_clouds():
    """Each cloud with a store has a line; the total is their sum; the prices' date and the model are told."""
    said, amounts = priced(CONFIGS / "aws.yaml")
    assert amounts["total"] == pytest.approx(sum(amounts.values()) - amounts["total"], abs=0.02)
    assert set(amounts) == {"aws", "azure", "gcp", "total"}
    assert re.search(r"Prices as of \d{4}-\d{2}", said)
    assert "24 tables a day" in said


def test_more_landings_cost_more():
    """What is paid for grows with what is done."""
    _, few = priced(CONFIGS / "aws.yaml", "--landings", "1")
    _, many = priced(CONFIGS / "aws.yaml", "--landings", "1000")
    assert all(many[cloud] > few[cloud] for cloud in few)


def test_the_hub_takes_in_what_all_clouds_tell():
    """Each Report is one call of notify, in the hub alone."""
    said, _ = priced(CONFIGS / "gcp.yaml")
    notifying = [line for line in said.splitlines() if "notify" in line]
    assert len(notifying) == 1
    assert "gcp" in said.splitlines()[said.splitlines().index(notifying[0]) - 1]


def test_a_configuration_with_mistakes_costs_nothing(tmp_path):
    """One sentence and exit code 2, as everywhere."""
    config = tmp_path / "nephoscope.yaml"
    config.write_text("version: 2\n")
    command = [sys.executable, str(ROOT / "deploy" / "price.py"), str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "version" in done.stderr
