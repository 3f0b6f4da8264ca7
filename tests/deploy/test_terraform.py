"""The infrastructure is whole and wired as it says, by Terraform's own fmt, validate and test."""

import json
import os
import subprocess
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = {"main.tf", "triggers.tf", "permissions.tf", "variables.tf", "outputs.tf"}


def test_files_are_formatted(tools):
    """`terraform fmt` has nothing to say."""
    done = subprocess.run(
        [str(tools), str(DEPLOY / "terraform.py"), str(DEPLOY), "fmt", "-check", "-recursive", "-diff"],
        env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_module_is_valid(initialised, module):
    """No unknown argument, no missing one, no reference to nothing."""
    code, said = initialised(module).run(module, "validate", "-no-color")
    assert code == 0, said


def test_a_module_keeps_its_own_promises(initialised, tested_module):
    """What stands in the module's tests holds: wiring asserted, bad variables refused."""
    code, said = initialised(tested_module).run(tested_module, "test", "-no-color")
    assert code == 0, said
    assert " 0 failed" in said


def test_clouds_are_built_alike():
    """Who knows the files of one cloud's module knows those of the others."""
    for module in ("aws", "azure", "gcp", "hub/aws", "hub/azure", "hub/gcp"):
        assert {path.name for path in (DEPLOY / module).glob("*.tf")} == FILES, module


def test_schedulers_words_stand_as_it_looks_for_them(initialised):
    """EventBridge Scheduler fills in `<aws.scheduler.…>` and nothing that is spelled otherwise, as jsonencode would."""
    made = initialised("aws").made("aws", "wiring.tftest.hcl").values()
    schedules = [one for resources in made for name, one in resources.items() if "aws_scheduler_schedule.timer" in name]
    assert schedules
    for schedule in schedules:
        [target] = schedule["target"]
        filled_in = (
            target["input"]
            .replace("<aws.scheduler.schedule-arn>", "arn")
            .replace("<aws.scheduler.scheduled-time>", "2026-11-24T06:00:00Z")
        )
        assert json.loads(filled_in) == {"schedule-arn": "arn", "scheduled-time": "2026-11-24T06:00:00Z"}
