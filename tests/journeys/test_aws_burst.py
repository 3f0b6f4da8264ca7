"""A burst through SQS and Lambda's own runtime: nothing is lost or done twice, poison is set aside (A2, B12)."""

import json
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from emulators import AWS_REGION

boto3 = pytest.importorskip("boto3")

GOOD, LATE, TWICE = 500, 10, 25


@pytest.fixture
def account(moto):
    """Buckets, the topic, and queues that give a message up after five tries."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
    return Account({name: boto3.client(name, endpoint_url=moto, **keys) for name in ("s3", "sqs", "sns")}, moto)


class Account:
    """One account on moto."""

    def __init__(self, clients, endpoint):
        self.s3, self.sqs, self.endpoint = clients["s3"], clients["sqs"], endpoint
        self.name = uuid4().hex
        self.bucket("landing")
        self.bucket("records")
        self.dead, self.reports = self._queue("dead"), self._queue("reports")
        redrive = {"deadLetterTargetArn": self._arn(self.dead), "maxReceiveCount": "5"}
        self.objects = self._queue("objects", VisibilityTimeout="1", RedrivePolicy=json.dumps(redrive))
        self.topic = clients["sns"].create_topic(Name=self.name)["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        clients["sns"].subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self._arn(self.reports), Attributes=raw)

    def bucket(self, name):
        """Make a bucket."""
        where = {"LocationConstraint": AWS_REGION}
        self.s3.create_bucket(Bucket=f"{name}-{self.name}", CreateBucketConfiguration=where)

    def _queue(self, name, **attributes):
        return self.sqs.create_queue(QueueName=f"{name}-{self.name}", Attributes=attributes)["QueueUrl"]

    def _arn(self, queue):
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def tell(self, kind, key, version, size):
        """Send the notification of one write."""
        known = {"key": key, "eTag": version, "size": size}
        record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
        body = record | {
            "eventTime": "2025-01-31T06:00:00Z",
            "s3": {"bucket": {"name": f"{kind}-{self.name}"}, "object": known},
        }
        self.sqs.send_message(QueueUrl=self.objects, MessageBody=json.dumps({"Records": [body]}))

    def poll(self, invoke, seconds):
        """Do what Lambda's poller does until nothing comes for a while; the time of each batch's record, in ms."""
        took, quiet = [], time.monotonic() + seconds
        asked = {"QueueUrl": self.objects, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while time.monotonic() < quiet:
            found = self.sqs.receive_message(**asked).get("Messages", [])
            if not found:
                time.sleep(0.1)
                continue
            started = time.perf_counter()
            answer = invoke({"Records": [record(message) for message in found]})
            took += [1000 * (time.perf_counter() - started) / len(found)] * len(found)
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            for message in found:
                if message["MessageId"] not in failed:
                    self.sqs.delete_message(QueueUrl=self.objects, ReceiptHandle=message["ReceiptHandle"])
            quiet = time.monotonic() + seconds
        return took

    def received(self, queue):
        """What waits in a queue."""
        bodies = []
        while found := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in found]
            for message in found:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def record(message):
    """A received message as Lambda spells it."""
    known = {"messageId": message["MessageId"], "receiptHandle": "r", "body": message["Body"]}
    more = {"messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": "arn", "awsRegion": AWS_REGION}
    return known | {"attributes": message["Attributes"]} | more


@pytest.mark.slow
def test_a_burst_loses_nothing_and_does_nothing_twice(account, lambda_runtime, staged, configured, parquet):
    """
    500 tables, 25 of them told of twice, 10 whose bucket comes late, and one whose bucket never comes.

    Each table is judged and published once; the late ones fail and come again; the poison is set aside after five.
    """
    config = configured(
        hub="aws",
        topic=f"sns:{account.topic}",
        state=f"s3://records-{account.name}/hub",
        stores={"aws": f"s3://records-{account.name}/records"},
        objects=f"s3://landing-{account.name}/landed",
        mail_port=25,
    )
    staged_json = json.loads(Path(config).read_bytes())
    checks = staged_json["datasets"]["flights"]["columns"]
    for name in ("late", "poison"):
        staged_json["datasets"][name] = {"objects": f"s3://{name}-{account.name}/landed", "columns": checks}
    Path(config).write_text(json.dumps(staged_json))
    table = parquet(np.random.default_rng(3).exponential(12, 1_000))

    def land(kind, count):
        for number in range(count):
            key = f"landed/{number:04}.parquet"
            written = account.s3.put_object(Bucket=f"{kind}-{account.name}", Key=key, Body=table)
            yield key, written["ETag"].strip('"')

    told = list(land("landing", GOOD))
    env = {"AWS_ENDPOINT_URL": account.endpoint, "NEPHOSCOPE_CONFIG": config}
    late_version = told[0][1]
    with lambda_runtime(staged("aws", "drift"), "handler.drift_on_object", env) as invoke:
        account.tell("poison", "landed/x.parquet", late_version, 1)
        for number in range(LATE):
            account.tell("late", f"landed/{number:04}.parquet", late_version, len(table))
        for key, version in told + told[:TWICE]:
            account.tell("landing", key, version, len(table))
        took = account.poll(lambda payload: come_late(account, land, invoke, payload), 4)

    reports = [json.loads(body)["id"] for body in account.received(account.reports)]
    assert len(reports) == len(set(reports)) == GOOD + LATE
    assert len(account.received(account.dead)) == 1
    warm = sorted(took[50:])
    print(f"warm, one small table: median {warm[len(warm) // 2]:.1f} ms, p95 {warm[int(len(warm) * 0.95)]:.1f} ms")


def come_late(account, land, invoke, payload):
    """After the first batch the late bucket is made, and its objects land."""
    answer = invoke(payload)
    if not getattr(account, "came", False):
        account.came = True
        account.bucket("late")
        list(land("late", LATE))
    return answer
