"""`nephoscope doctor` on this machine: real stores, real channels, no account."""

import json

import pytest
from fakes.bills import cost_explorer_day, document, served
from nephoscope.cli.main import main

CONFIG = """\
version: 1
topic: sqlite:{folder}/n.db
state: sqlite:{folder}/n.db
stores: {{local: "sqlite:{folder}/n.db"}}
metric_stores: {{local: {{path: "sqlite:{folder}/n.db"}}}}
models: {{fraud_detection_v2: {{metrics: {{accuracy: {{limit: {{at_least: 0.85}}}}}}}}}}
timers: {{sweep: "* * * * *", monitoring: "*/5 * * * *"}}
channels:
  room: {{type: slack, url: "env:DOCTOR_ROOM"}}
route: {{channels: [room]}}
"""


@pytest.fixture
def asked(tmp_path, capsys, monkeypatch):
    """Ask the doctor about a configuration; its exit code and its answer."""
    monkeypatch.delenv("DOCTOR_ROOM", raising=False)
    path = tmp_path / "nephoscope.yaml"
    path.write_text(CONFIG.format(folder=tmp_path))

    def ask(*options, paid=False):
        code = main(["--config", str(path), "--output", "json", *options, "doctor", *(["--paid"] if paid else [])])
        return code, json.loads(capsys.readouterr().out)

    return ask


def named(answer, kind):
    """The checkups of one kind, by name."""
    return {one["name"]: one for one in answer["checkups"] if one["kind"] == kind}


def test_a_missing_secret_is_found(asked):
    """A secret without a value fails by name, and so does the channel that needs it; the stores answer."""
    code, answer = asked("--fail-on", "breach")
    assert code == 1
    assert named(answer, "secret")["env:DOCTOR_ROOM"]["outcome"] == "failed"
    assert "export DOCTOR_ROOM" in named(answer, "secret")["env:DOCTOR_ROOM"]["do"]
    assert named(answer, "channel")["room"]["outcome"] == "failed"
    assert {one["outcome"] for one in named(answer, "source").values() if "get " in one["call"]} == {"ok"}


def test_no_secret_is_shown(asked, monkeypatch):
    """A value that is there is said to be there, and not what it is."""
    monkeypatch.setenv("DOCTOR_ROOM", "https://hooks.slack.com/services/T0/B0/canary")
    _, answer = asked()
    assert named(answer, "secret")["env:DOCTOR_ROOM"]["outcome"] == "ok"
    assert named(answer, "channel")["room"]["outcome"] == "ok"
    assert "canary" not in json.dumps(answer)


def test_rights_that_it_did_not_exercise_are_not_tried(asked):
    """Writing and posting leave something behind: they are not tried, and it says what would try them."""
    _, answer = asked()
    rights = named(answer, "right")
    assert {one["outcome"] for one in rights.values()} == {"not_tried"}
    assert all(one["do"] for one in rights.values())


def test_a_job_that_does_not_run_is_found(asked):
    """A schedule is judged by the job's runs: without one in two intervals it fails, after one it answers."""
    late = named(asked()[1], "schedule")["monitoring in local"]
    assert (late["outcome"], "No run of 'monitoring'" in late["answer"]) == ("failed", True)


def test_a_job_that_runs_is_found_well(asked, tmp_path, capsys):
    """The newest run in the ledger is the schedule's answer."""
    path = str(tmp_path / "nephoscope.yaml")
    asked()
    assert main(["--config", path, "run", "monitoring"]) == 0
    capsys.readouterr()
    assert named(asked()[1], "schedule")["monitoring in local"]["outcome"] == "ok"


def test_the_newest_slot_may_be_at_work(asked, tmp_path, capsys):
    """A run of the slot before is enough, however soon the next one comes; what missed two slots is late."""
    path = str(tmp_path / "nephoscope.yaml")
    assert main(["--config", path, "--now", "2026-11-24T06:00:00Z", "run", "monitoring"]) == 0
    capsys.readouterr()
    looks = {now: asked("--now", f"2026-11-24T{now}Z")[1] for now in ("06:04:59", "06:05:01", "06:10:00")}
    outcomes = {now: named(answer, "schedule")["monitoring in local"]["outcome"] for now, answer in looks.items()}
    assert outcomes == {"06:04:59": "ok", "06:05:01": "ok", "06:10:00": "failed"}


def test_a_run_of_yesterday_is_found_before_the_hour(asked, tmp_path, capsys):
    """A daily job that ran yesterday is well this morning, before it runs again."""
    config = tmp_path / "nephoscope.yaml"
    config.write_text(config.read_text().replace("*/5 * * * *", "0 6 * * *"))
    assert main(["--config", str(config), "--now", "2026-11-23T06:00:03Z", "run", "monitoring"]) == 0
    capsys.readouterr()
    found = named(asked("--now", "2026-11-24T05:00:00Z")[1], "schedule")["monitoring in local"]
    assert (found["outcome"], found["answer"]) == ("ok", "it ran at 2026-11-23 06:00 UTC")


def test_what_a_name_says_is_shown_as_it_is(tmp_path, capsys, monkeypatch):
    """Text between colons is no picture: a secret's reference is printed letter by letter."""
    monkeypatch.delenv("X", raising=False)
    path = tmp_path / "nephoscope.yaml"
    path.write_text(CONFIG.format(folder=tmp_path).replace("env:DOCTOR_ROOM", "env:X"))
    main(["--config", str(path), "doctor"])
    assert "read env:X: " in capsys.readouterr().out


def ask_for_bills(config):
    """Have the configuration ask Amazon what it charges and what it recommends."""
    config.write_text(f"{config.read_text()}bills: {{aws: {{recommendations: true}}}}\n")


@pytest.fixture
def amazon(monkeypatch):
    """Cost Explorer and the Cost Optimization Hub on the loopback."""
    pytest.importorskip("boto3")

    def answer(_path, body):
        if b"TimePeriod" not in body:
            return document({"items": []})
        asked = json.loads(body)
        assert asked["TimePeriod"] == {"Start": "2026-05-01", "End": "2026-05-02"}
        return document({"ResultsByTime": [cost_explorer_day(1, ("AmazonSageMaker", "Usage", "10", "12"))]})

    with served(answer) as http:
        for name, value in {"ENDPOINT_URL": http.url, "ACCESS_KEY_ID": "t", "SECRET_ACCESS_KEY": "t"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        yield http


def test_what_costs_money_is_asked_only_when_that_is_said(asked, amazon, tmp_path):
    """Cost Explorer takes a cent a page: it is not tried without --paid, and then with one page for one day."""
    ask_for_bills(tmp_path / "nephoscope.yaml")
    _, answer = asked("--now", "2026-05-20T06:00:00Z")
    bill = named(answer, "source")["bills.aws"]
    assert (bill["outcome"], "$0.01" in bill["call"], "--paid" in bill["do"]) == ("not_tried", True, True)
    assert len(amazon.requests) == 1  # the adviser, which is free of charge
    _, answer = asked("--now", "2026-05-20T06:00:00Z", paid=True)
    bill = named(answer, "source")["bills.aws"]
    assert (bill["outcome"], bill["answer"]) == ("ok", "the first day of 2026-05: 1 lines")
    assert len(amazon.requests) == 3


def test_an_adviser_is_asked_where_the_configuration_asks_it(asked, amazon, tmp_path):
    """The Cost Optimization Hub answers with how much it recommends; where nobody asks it, nothing is said of it."""
    assert "recommendations of aws" not in named(asked()[1], "source")
    ask_for_bills(tmp_path / "nephoscope.yaml")
    advice = named(asked()[1], "source")["recommendations of aws"]
    assert (advice["outcome"], advice["answer"]) == ("ok", "0 recommendations")


def test_an_account_that_is_not_enrolled_is_found(asked, amazon, tmp_path):
    """What the service said and what to do about it stand in the answer."""
    ask_for_bills(tmp_path / "nephoscope.yaml")
    refused = {"__type": "AccessDeniedException", "message": "Account is not enrolled"}
    amazon.script.append(document(refused, 400))
    advice = named(asked()[1], "source")["recommendations of aws"]
    assert (advice["outcome"], "not enrolled" in advice["answer"]) == ("failed", True)
    assert "enrol the account" in advice["do"]
