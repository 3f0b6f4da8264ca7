"""The commands that give Eventarc's own subscriptions a dead-letter topic, run against a stand-in of gcloud."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

TRIGGERS = Path(__file__).parents[2] / "deploy" / "gcp" / "triggers.tf"
VALUES = {
    "local.project": "acme-ml",
    "var.account.region": "europe-west3",
    "var.name": "nephoscope",
    "local.pubsub_agent": "service-1@gcp-sa-pubsub.iam.gserviceaccount.com",
    "google_pubsub_topic.dead.id": "projects/acme-ml/topics/nephoscope-dead",
}
GCLOUD = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
  *"triggers list"*) {listed} ;;
esac
"""


@pytest.fixture
def script():
    """What an apply runs, and `terraform output -raw eventarc_dead_letters` prints."""
    written = TRIGGERS.read_text().split("eventarc_dead_letters =")[1].split("<<-EOT\n")[1].split("  EOT")[0]
    return re.sub(r"\$\{([\w.]+)\}", lambda found: VALUES[found[1]], written)


def run(script, folder, listed):
    """Run it where gcloud is a stand-in; its exit code and what gcloud was asked."""
    environment = stand_in(folder, listed)
    done = subprocess.run(["sh"], input=script, text=True, env=environment, capture_output=True, check=False)
    return done.returncode, (folder / "asked").read_text().splitlines()


def stand_in(folder, listed):
    """Put a stand-in of gcloud into a folder; the environment that finds it."""
    (folder / "gcloud").write_text(GCLOUD.format(listed=listed))
    (folder / "gcloud").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "ASKED": str(folder / "asked")}


def test_each_subscription_gets_the_topic_and_the_right_to_use_it(script, tmp_path):
    """Every trigger's subscription: Pub/Sub may move a message, and the topic is set, with the most tries there are."""
    names = [f"projects/acme-ml/subscriptions/eventarc-europe-west3-nephoscope-{job}-sub-1" for job in ("a", "b")]
    code, asked = run(script, tmp_path, f"printf '{names[0]}\\n{names[1]}\\n'")
    assert code == 0
    assert "name ~ /triggers/nephoscope-" in asked[0]
    assert [line.split()[2] for line in asked[1:]] == ["add-iam-policy-binding", "update"] * 2
    assert [line.split()[3] for line in asked[1:]] == [names[0]] * 2 + [names[1]] * 2
    assert f"--member=serviceAccount:{VALUES['local.pubsub_agent']} --role=roles/pubsub.subscriber" in asked[1]
    assert "--dead-letter-topic=projects/acme-ml/topics/nephoscope-dead --max-delivery-attempts=100" in asked[2]


def test_without_a_trigger_nothing_is_changed(script, tmp_path):
    """Where no object is taken in, there is nothing to do and nothing fails."""
    code, asked = run(script, tmp_path, "true")
    assert code == 0
    assert all("triggers list" in line for line in asked)


@pytest.mark.parametrize("listed", ["exit 1", "printf 'one\\n'; exit 1"])
def test_a_list_that_fails_fails_the_commands(script, tmp_path, listed):
    """Who may not list triggers hears of it: nothing reads as done."""
    code, asked = run(script, tmp_path, listed)
    assert code != 0
    assert len(asked) == 1


@pytest.mark.parametrize(("listed", "fails"), [("printf 'one\\n'", False), ("exit 1", True)])
def test_an_apply_runs_them(initialised, tmp_path, listed, fails):
    """Nobody has to: the subscription is changed by the apply that made it, and an apply that cannot do it says so."""
    terraform = initialised("gcp")
    wiring = (terraform.deploy / "gcp" / "tests" / "wiring.tftest.hcl").read_text().split("\nrun ")[0]
    alone = terraform.deploy / "gcp" / "tests" / "applied.tftest.hcl"
    alone.write_text(wiring.replace("gcloud    = false", "gcloud    = true") + '\nrun "applied" {}\n')
    environment = terraform.environment | stand_in(tmp_path, listed)
    try:
        code, said = replace(terraform, environment=environment).run("gcp", "test", "-filter=tests/applied.tftest.hcl")
    finally:
        alone.unlink()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert "eventarc triggers list --project=acme-ml --location=europe-west3" in asked[0]
    assert (code != 0) == fails, said
    assert [line.split()[3] for line in asked[1:]] == ([] if fails else ["one", "one"])
