"""A person's laptop beside a hub in a cloud: what is run there is told on the one topic, and kept on the laptop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from nephoscope.cli.main import main
from nephoscope.report import Report, from_cloudevent

REGION = "eu-central-1"


@pytest.fixture
def queue(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A queue on the topic of a hub in AWS, and a laptop's configuration that names that topic."""
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="nephoscope")["TopicArn"]
    sqs = boto3.resource("sqs", region_name=REGION)
    found = sqs.create_queue(QueueName=f"hub-{tmp_path.name}")
    arn = found.attributes["QueueArn"]
    attributes = {"RawMessageDelivery": "true"}
    boto3.client("sns", region_name=REGION).subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)
    Path("nephoscope.yaml").write_text(
        f"version: 1\nhub: aws\ntopic: sns:{topic}\nstate: s3://acme-hub/state\nstores: {{aws: s3://acme-aws}}\n"
        "metric_stores: {local: {}}\nmodels: {fraud_detection_v2: {}}\n"
    )
    return found


def told(queue: Any) -> list[Report]:
    """The Reports that the hub would receive."""
    messages = queue.receive_messages(MaxNumberOfMessages=10)
    return [from_cloudevent(message.body.encode()) for message in messages]


def test_a_security_event_reaches_the_hub(queue: Any, tmp_path: Path) -> None:
    """What is recorded on a laptop is published to the hub's topic, and its record lies on the laptop."""
    assert main(["security", "log", "unauthorized_access"]) == 0

    (report,) = told(queue)
    assert (report.job, report.cloud) == ("security", "local")
    assert (tmp_path / "nephoscope.db").is_file()


def test_a_dry_run_reaches_nobody(queue: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """`run monitoring --dry-run` judges and tells nobody; without it the Report is on the topic."""
    assert main(["--output", "json", "run", "monitoring", "--dry-run"]) == 0
    dry = json.loads(capsysbinary.readouterr().out)
    assert told(queue) == []

    assert main(["--output", "json", "run", "monitoring"]) == 0
    (report,) = told(queue)
    assert [each.check for each in report.findings] == [each["check"] for each in dry["findings"]]
