"""The commands that give Eventarc's own subscriptions a dead-letter topic, run against a stand-in of gcloud."""

import re
import subprocess
from pathlib import Path

import pytest
from fakes.applies import apply, asked, stand_in, with_environment

TRIGGERS = Path(__file__).parents[2] / "deploy" / "gcp" / "triggers.tf"
VALUES = {
    'join(" ", local.triggers[*].name)': "projects/acme-ml/locations/europe-west3/triggers/a b",
    "local.project": "acme-ml",
    "local.pubsub_agent": "service-1@gcp-sa-pubsub.iam.gserviceaccount.com",
    "google_pubsub_topic.dead.id": "projects/acme-ml/topics/nephoscope-dead",
}


@pytest.fixture
def script():
    """What an apply runs, and `terraform output -raw eventarc_dead_letters` prints."""
    written = TRIGGERS.read_text().split("eventarc_dead_letters =")[1].split("<<-EOT\n")[1].split("  EOT")[0]
    return re.sub(r"\$\{(.+?)\}", lambda found: VALUES[found[1]], written)


def gcloud(folder, told):
    """A stand-in of gcloud that tells so much of each trigger; the environment that finds it."""
    return stand_in(folder, "gcloud", f'case "$*" in *"triggers describe"*) {told} ;; esac')


def run(script, folder, told):
    """Run it where gcloud is a stand-in; its exit code and what gcloud was asked."""
    done = subprocess.run(["sh"], input=script, text=True, env=gcloud(folder, told), capture_output=True, check=False)
    return done.returncode, asked(folder)


def test_each_subscription_gets_the_topic_and_the_right_to_use_it(script, tmp_path):
    """Every trigger's subscription: Pub/Sub may move a message, and the topic is set, with the most tries there are."""
    code, calls = run(script, tmp_path, 'echo "of-$4"')
    assert code == 0
    assert [line.split()[2] for line in calls] == ["describe", "add-iam-policy-binding", "update"] * 2
    assert [line.split()[3] for line in calls] == [
        "projects/acme-ml/locations/europe-west3/triggers/a",
        *["of-projects/acme-ml/locations/europe-west3/triggers/a"] * 2,
        "b",
        *["of-b"] * 2,
    ]
    assert f"--member=serviceAccount:{VALUES['local.pubsub_agent']} --role=roles/pubsub.subscriber" in calls[1]
    assert "--dead-letter-topic=projects/acme-ml/topics/nephoscope-dead --max-delivery-attempts=100" in calls[2]


def test_a_trigger_that_is_not_told_fails_the_commands(script, tmp_path):
    """Who may not see triggers hears of it: nothing reads as done."""
    code, calls = run(script, tmp_path, "exit 1")
    assert code != 0
    assert len(calls) == 1


@pytest.fixture
def applied(initialised, tmp_path):
    """Apply runs where gcloud is a stand-in: the exit code, what was said, and what gcloud was asked."""

    def run(runs, told):
        there = with_environment(initialised("gcp"), gcloud(tmp_path, told))
        return *apply(there, "gcp", "wiring.tftest.hcl", "gcloud", runs), asked(tmp_path)

    return run


MORE = """
run "applied" {}
run "again" {}
run "another" {
  variables {
    settings = merge(var.settings, {
      datasets = merge(var.settings.datasets, { more = { objects = "gs://acme-more/x" } })
    })
  }
}
"""


def test_an_apply_that_made_a_trigger_runs_them(applied):
    """Nobody has to: once for the first bucket, not again for nothing, and for both when another one comes."""
    code, said, calls = applied(MORE, "echo one")
    assert code == 0, said
    described = [line.split()[3] for line in calls if "triggers describe" in line]
    assert len(described) == 3
    assert described[0] in described[1:]
    assert sum("update one --project=acme-ml" in line for line in calls) == 3


def test_an_apply_that_cannot_run_them_fails(applied):
    """It is tried again by the next one."""
    code, said, calls = applied('\nrun "applied" {}\n', "exit 1")
    assert code != 0, said
    assert len(calls) == 1
