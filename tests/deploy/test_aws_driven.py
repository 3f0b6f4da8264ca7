"""What Terraform makes in AWS, made on moto from its values and driven: rights are what the calls take."""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest
from emulators import AWS_ENVIRONMENT, AWS_REGION

boto3 = pytest.importorskip("boto3")
pytest.importorskip("aws_lambda_powertools")
from fakes.driven import called, delays  # noqa: E402 - after what may skip
from fakes.recorded_calls import RecordedCalls  # noqa: E402

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "tests" / "configs" / "whole_aws.yaml"
ACCOUNT = "123456789012"

# What S3, SNS and Secrets Manager ask of the key in the caller's name.
IMPLIED = {
    "s3:GetObject": {"kms:Decrypt"},
    "s3:PutObject": {"kms:GenerateDataKey"},
    "sns:Publish": {"kms:Decrypt", "kms:GenerateDataKey"},
    "secretsmanager:GetSecretValue": {"kms:Decrypt"},
}


class Made:
    """The resources of a Terraform state, by address; `one` finds the only one whose address ends so."""

    def __init__(self, resources):
        self.resources = resources

    def one(self, end):
        """The values of the one resource."""
        [values] = [values for address, values in self.resources.items() if address.endswith(end)]
        return values

    def rights(self, job):
        """The statements of what a job's code may call."""
        return json.loads(self.one(f'aws_iam_role_policy.calls["{job}"]')["policy"])["Statement"]


@pytest.fixture(scope="module")
def made(initialised):
    """What the whole AWS deployment makes."""
    return Made(initialised(".").made(".", "whole_aws.tftest.hcl")["everything"])


class Account:
    """The essentials on moto, made with the values that Terraform gives them."""

    def __init__(self, made, endpoint):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
        names = ("s3", "sqs", "sns", "events", "secretsmanager")
        self.s3, self.sqs, self.sns, self.events, self.secrets = (
            boto3.client(name, endpoint_url=endpoint, **keys) for name in names
        )
        for end in ('store["acme-nephoscope-aws"]', 'store["acme-landing"]', "hub_aws[0].module.state"):
            self._bucket(made, end)
        self.bills = self._bucket(made, "module.bills[0]")
        self.landed = self._landed(made)
        self.reports = self._reports(made)
        self.secrets.create_secret(
            Name=made.one('aws_secretsmanager_secret.secret["nephoscope/slack"]')["name"], SecretString="unset"
        )

    def _bucket(self, made, end):
        name = made.one(f"{end}.aws_s3_bucket.bucket")["bucket"]
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
        versioning = made.one(f"{end}.aws_s3_bucket_versioning.bucket")["versioning_configuration"][0]["status"]
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versioning})
        assert made.one(f"{end}.aws_s3_bucket_notification.bucket")["eventbridge"]
        self.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        return name

    def _queue(self, values, dead):
        redrive = json.loads(values["redrive_policy"]) | {"deadLetterTargetArn": self.arn(self._named(dead["name"]))}
        attributes = {
            "VisibilityTimeout": str(values["visibility_timeout_seconds"]),
            "RedrivePolicy": json.dumps(redrive),
        }
        return self.sqs.create_queue(QueueName=values["name"], Attributes=attributes)["QueueUrl"]

    def _named(self, name):
        return self.sqs.create_queue(QueueName=name)["QueueUrl"]

    def _landed(self, made):
        queue = self._queue(made.one('aws_sqs_queue.landed["drift"]'), made.one("aws_sqs_queue.undelivered"))
        rule = made.one('aws_cloudwatch_event_rule.landed["drift"]')
        self.events.put_rule(Name=rule["name"], EventPattern=rule["event_pattern"])
        self.events.put_targets(Rule=rule["name"], Targets=[{"Id": "queue", "Arn": self.arn(queue)}])
        return queue

    def _reports(self, made):
        queue = self._queue(made.one("hub_aws[0].aws_sqs_queue.reports"), made.one("hub_aws[0].aws_sqs_queue.dead"))
        topic = self.sns.create_topic(Name=made.one("aws_sns_topic.reports")["name"])["TopicArn"]
        raw = made.one("aws_sns_topic_subscription.reports")["raw_message_delivery"]
        self.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=self.arn(queue),
            Attributes={"RawMessageDelivery": str(raw).lower()},
        )
        return queue

    def delivery(self):
        """The bill's manifest lands in the export's bucket; what EventBridge then puts into the queue."""
        put = self.s3.put_object(Bucket=self.bills, Key=MANIFEST, Body=json.dumps({"dataFiles": []}))
        event = {
            "id": "d1",
            "source": "aws.s3",
            "detail-type": "Object Created",
            "time": "2026-11-24T06:30:00Z",
            "detail": {
                "bucket": {"name": self.bills},
                "object": {"key": MANIFEST, "size": 17, "etag": put["ETag"], "version-id": put["VersionId"]},
            },
        }
        message = {
            "MessageId": "d1",
            "ReceiptHandle": "d1",
            "Body": json.dumps(event),
            "Attributes": {},
            "MD5OfBody": "",
        }
        return {"Records": [_record(message, f"arn:aws:sqs:{AWS_REGION}:{ACCOUNT}:nephoscope-cost-landed")]}

    def forget_that_it_was_told(self):
        """Take away the mark that a Report was published, as if its function had died before."""
        found = self.s3.list_objects_v2(Bucket="acme-nephoscope-aws", Prefix="ledger/")["Contents"]
        mark = next(one["Key"] for one in reversed(found) if one["Key"].endswith(".published"))
        self.s3.delete_object(Bucket="acme-nephoscope-aws", Key=mark)

    def arn(self, queue):
        """A queue's ARN."""
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def batch(self, queue, *, patience_seconds=20):
        """A batch as Lambda's poller hands it over, once something is there."""
        until = monotonic() + patience_seconds
        while monotonic() < until:
            found = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])
            if messages := found.get("Messages"):
                for message in messages:
                    self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                return {"Records": [_record(message, self.arn(queue)) for message in messages]}
            sleep(0.1)
        raise AssertionError(f"nothing came to {queue}")


def _record(message, arn):
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": AWS_REGION,
    }


@pytest.fixture(scope="module")
def calls(own_moto):
    """What is asked of AWS from here on."""
    proxy = RecordedCalls(own_moto)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def own_moto():
    """AWS' services for this module alone: its names are the configuration's."""
    from emulators import free_port, started

    port = free_port()
    with started(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port, port=port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def account(made, own_moto):
    """The essentials."""
    return Account(made, own_moto)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The configuration as staging leaves it."""
    from nephoscope import settings

    path = tmp_path_factory.mktemp("config") / "nephoscope.json"
    path.write_bytes(settings.stage(CONFIG))
    return path


@pytest.fixture
def room(recorder, account):
    """A chat room, whose address stands in the secret that the configuration names."""
    account.secrets.put_secret_value(SecretId="nephoscope/slack", SecretString=f"{recorder.url}/services/x")
    return recorder


@pytest.fixture
def invoke(calls, config, tmp_path):
    """Call an entry point of the handler in a process of its own; what it asked of AWS is the answer."""
    shutil.copy(ROOT / "functions" / "aws" / "handler.py", tmp_path)
    shutil.copy(config, tmp_path)
    environment = os.environ | AWS_ENVIRONMENT | {"AWS_ENDPOINT_URL": calls.url, "PYTHONPATH": str(ROOT / "core")}

    def call(entry_point, payload, outcome="done"):
        before = len(calls.made)
        program = f"import json, sys, handler; handler.{entry_point}(json.load(sys.stdin), None)"
        called(program, payload, tmp_path, environment, outcome)
        return calls.made[before:]

    return call


def slot(job):
    """Scheduler's input, as the schedule gives it."""
    arn = f"arn:aws:scheduler:{AWS_REGION}:{ACCOUNT}:schedule/nephoscope/nephoscope-{job}-on-timer"
    return {"schedule-arn": arn, "scheduled-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:00Z")}


MANIFEST = "focus/nephoscope-focus/metadata/BILLING_PERIOD=2026-11/nephoscope-focus-Manifest.json"
REFUSED = {
    "id": "c1",
    "source": "aws.s3",
    "detail-type": "AWS API Call via CloudTrail",
    "time": "2026-11-24T06:30:00Z",
    "detail": {
        "eventID": "e1",
        "eventTime": "2026-11-24T06:30:00Z",
        "eventName": "GetObject",
        "eventSource": "s3.amazonaws.com",
        "errorCode": "AccessDenied",
        "userIdentity": {"arn": "arn:aws:iam::123456789012:user/mallory"},
    },
}


@pytest.mark.slow  # two artefacts are staged for it
def test_a_table_that_lands_is_told(account, calls, config, staged_artefact, lambda_runtime, room):
    """Bucket → EventBridge → queue → the staged handler in Lambda's runtime → topic → queue → the chat room."""
    environment = {"AWS_ENDPOINT_URL": calls.url, "NEPHOSCOPE_CONFIG": str(config)}
    with lambda_runtime(staged_artefact("drift"), "handler.drift_on_object", environment) as drift:
        for name, scale in (("2013-01", 1), ("2013-07", 4)):
            account.s3.put_object(Bucket="acme-landing", Key=f"flights/{name}.parquet", Body=delays(scale))
            assert drift(account.batch(account.landed)) == {"batchItemFailures": []}
    account.s3.put_object(Bucket="acme-landing", Key="elsewhere/x.parquet", Body=b"")
    with lambda_runtime(staged_artefact("notify"), "handler.notify_on_message", environment) as notify:
        while not room.requests:
            assert notify(account.batch(account.reports)) == {"batchItemFailures": []}

    assert [said for _, path, _, said in room.requests if path == "/services/x" and b"dep_delay" in said]
    with pytest.raises(AssertionError, match="nothing came"):
        account.batch(account.landed, patience_seconds=1)


@pytest.fixture(scope="session")
def staged_artefact(tmp_path_factory):
    """Stage an artefact of AWS for this interpreter."""
    out = tmp_path_factory.mktemp("build")
    plain = out / "nephoscope.yaml"
    plain.write_text("version: 1\n")

    def stage(job):
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        options = ("--python", python, "--config", plain, "--out", out)
        command = [sys.executable, ROOT / "deploy" / "stage.py", "aws", job, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return out / "aws" / job

    return stage


@pytest.mark.slow  # nine processes of the handler
def test_a_job_may_do_what_it_does_and_nothing_else(made, account, calls, invoke, room):
    """For every job: no call without a right, and no right that no call takes."""
    account.s3.put_object(Bucket="acme-landing", Key="flights/2013-02.parquet", Body=delays())
    taken = {"drift": invoke("drift_on_object", account.batch(account.landed))}
    gone = {"Bucket": "acme-landing", "Key": "flights/_temporary/0.parquet"}
    version = account.s3.put_object(**gone, Body=delays())["VersionId"]
    account.s3.delete_object(**gone, VersionId=version)  # before it is read
    taken["drift"] += invoke("drift_on_object", account.batch(account.landed), "refused")
    for job in ("monitoring", "cost", "drift"):
        taken[job] = taken.get(job, []) + invoke(f"{job}_on_timer", slot(job))
    taken["cost"] += invoke("cost_on_object", account.delivery())
    taken["security"] = invoke("security_on_event", REFUSED)
    taken["notify"] = invoke("notify_on_message", account.batch(account.reports))
    account.forget_that_it_was_told()
    taken["sweep"] = invoke("sweep_on_timer", slot("sweep"))
    taken["rollup"] = invoke("rollup_on_timer", slot("rollup"))

    missing = {
        job: sorted({call for call in made_calls if not any(_allows(each, *call) for each in made.rights(job))})
        for job, made_calls in taken.items()
    }
    assert {job: refused for job, refused in missing.items() if refused} == {}
    unused = {job: sorted(_actions(made.rights(job)) - _used(made_calls)) for job, made_calls in taken.items()}
    assert {job: actions for job, actions in unused.items() if actions} == {}


def _used(made_calls):
    called = {action for action, _ in made_calls}
    return called | {implied for action in called for implied in IMPLIED.get(action, ())}


def _actions(statements):
    return {action for statement in statements for action in _listed(statement["Action"])}


def _allows(statement, action, resource):
    here = any(resource == "*" or fnmatch.fnmatchcase(resource, each) for each in _listed(statement["Resource"]))
    return action in _listed(statement["Action"]) and here


def _listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.slow  # after jobs have run
def test_the_doctor_finds_it_well(account, calls, invoke, room):
    """Stores, metrics, the secret, the channel and a job that ran answer; a job that never ran is found."""
    invoke("monitoring_on_timer", slot("monitoring"))
    environment = os.environ | AWS_ENVIRONMENT | {"AWS_ENDPOINT_URL": calls.url}
    done = subprocess.run(
        [sys.executable, "-m", "nephoscope", "--config", str(CONFIG), "--output", "json", "doctor"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = {(one["kind"], one["name"]): one for one in json.loads(done.stdout)["checkups"]}
    assert found["source", "stores.aws"]["outcome"] == "ok"
    assert found["source", "state"]["outcome"] == "ok"
    assert found["secret", "aws-sm:nephoscope/slack"]["answer"] == "it has a value"
    assert found["channel", "oncall"]["outcome"] == "ok"
    assert found["schedule", "monitoring in aws"]["outcome"] == "ok"
    topic = found["topic", "sns:arn:aws:sns:eu-central-1:123456789012:nephoscope"]
    assert (topic["outcome"], topic["answer"]) == ("ok", "it is there; subscriptions: 1")
    assert room.url not in done.stdout


BILLING = ("ce:GetCostAndUsage", "cost-optimization-hub:ListRecommendations")


def test_no_more_than_three_rights_are_to_everything(made):
    """Wildcards stand only where the service knows no resources: reading metrics, reading bills, an own token."""
    everything = {
        action
        for address, values in made.resources.items()
        if ".aws_iam_role_policy." in f".{address}"
        for statement in json.loads(values["policy"])["Statement"]
        if "*" in _listed(statement["Resource"])
        for action in _listed(statement["Action"])
    }
    assert everything == {"cloudwatch:GetMetricData", "cloudwatch:ListMetrics", *BILLING}
    assert not any("*" in action for statement in _all(made) for action in _listed(statement["Action"]))


def _all(made):
    policies = [v["policy"] for a, v in made.resources.items() if "aws_iam_role_policy." in a]
    return [statement for policy in policies for statement in json.loads(policy)["Statement"]]
