"""AWS, from an object put to a chat room: S3, SQS and SNS on moto, the staged artefacts in Lambda's own runtime."""

import json
from uuid import uuid4

import pytest
from emulators import AWS_REGION
from waiting import wait_for

boto3 = pytest.importorskip("boto3")

ACCOUNT = "123456789012"


class Account:
    """One AWS account on moto: a landing bucket, the records, the topic and the two queues."""

    def __init__(self, endpoint):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
        self.endpoint = endpoint
        self.s3, self.sqs, self.sns = (
            boto3.client(name, endpoint_url=endpoint, **keys) for name in ("s3", "sqs", "sns")
        )
        self.bucket, self.records = f"b{uuid4().hex}", f"r{uuid4().hex}"
        for bucket in (self.bucket, self.records):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
        self.objects, self.reports = self._queue(), self._queue()
        self.topic = self.sns.create_topic(Name=uuid4().hex)["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self._arn(self.reports), Attributes=raw)
        told = [{"QueueArn": self._arn(self.objects), "Events": ["s3:ObjectCreated:*"]}]
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": told}
        )
        self.drain(self.objects)

    def _queue(self):
        # Longer than any cold start on a busy machine: what is being handled is not handed out again.
        return self.sqs.create_queue(QueueName=uuid4().hex, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]

    def _arn(self, queue):
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def drain(self, queue):
        """Throw away what waits, such as S3's test event."""
        while found := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def poll(self, queue, invoke):
        """Do what Lambda's poller does: hand over batches of ten, delete what did not fail; returns how many came."""
        count = 0
        asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while found := self.sqs.receive_message(**asked).get("Messages"):
            answer = invoke({"Records": [record(message, self._arn(queue)) for message in found]})
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            for message in found:
                if message["MessageId"] not in failed:
                    self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            count += len(found)
        return count


def record(message, arn):
    """A received message as Lambda spells it."""
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


@pytest.fixture
def account(moto):
    """A new account's worth of buckets and queues."""
    return Account(moto)


def test_a_drifted_table_is_told_once(
    account, lambda_runtime, staged, configured, tables, room, told, told_once, mailbox
):
    """Three tables land, one drifted; each lands in the queue twice; people are told once, in the room and by mail."""
    config = configured(
        hub="aws",
        topic=f"sns:{account.topic}",
        state=f"s3://{account.records}/hub",
        stores={"aws": f"s3://{account.records}/records"},
        objects=f"s3://{account.bucket}/landed",
        mail_port=mailbox[0],
    )
    env = {"AWS_ENDPOINT_URL": account.endpoint, "NEPHOSCOPE_CONFIG": config, **room.env}
    with lambda_runtime(staged("aws", "drift"), "handler.drift_on_object", env) as drift:
        for name, body in tables.items():
            account.s3.put_object(Bucket=account.bucket, Key=f"landed/{name}", Body=body)
            twice(account)
            assert account.poll(account.objects, drift) == 2
    with lambda_runtime(staged("aws", "notify"), "handler.notify_on_message", env) as notify:
        assert account.poll(account.reports, notify) == len(tables)
    with lambda_runtime(staged("aws", "notify"), "handler.sweep_on_timer", env) as sweep:
        sweep(SLOT)
        wait_for(told, ring=lambda: sweep(SLOT))
    told_once()


SLOT = {
    "schedule-arn": f"arn:aws:scheduler:{AWS_REGION}:{ACCOUNT}:schedule/default/sweep",
    "scheduled-time": "2025-01-31T06:00:00Z",
}


def twice(account):
    """Deliver the message that waits once more, as SQS may."""
    [message] = account.sqs.receive_message(QueueUrl=account.objects, VisibilityTimeout=0)["Messages"]
    account.sqs.send_message(QueueUrl=account.objects, MessageBody=message["Body"])


def test_a_poison_message_fails_alone(account, lambda_runtime, staged, configured, tables, recorder, mailbox):
    """Of a batch, what cannot be handled now comes again; what can never be is acknowledged; the rest is done."""
    config = configured(
        hub="aws",
        topic=f"sns:{account.topic}",
        state=f"s3://{account.records}/hub",
        stores={"aws": f"s3://{account.records}/records"},
        objects=f"s3://{account.bucket}/landed",
        mail_port=mailbox[0],
    )
    env = {"AWS_ENDPOINT_URL": account.endpoint, "NEPHOSCOPE_CONFIG": config, "ROOM_URL": recorder.url}
    account.s3.put_object(Bucket=account.bucket, Key="landed/2013-01.parquet", Body=tables["2013-01.parquet"])
    [good] = account.sqs.receive_message(QueueUrl=account.objects, AttributeNames=["All"])["Messages"]
    wrong = json.loads(good["Body"])
    wrong["Records"][0]["s3"]["bucket"]["name"] = account.bucket
    wrong["Records"][0]["s3"]["object"]["key"] = "elsewhere/x.parquet"
    absent = json.loads(good["Body"])
    absent["Records"][0]["s3"]["object"] |= {"key": "landed/x.parquet", "eTag": "0" * 32}
    bodies = {"good": good["Body"], "no JSON": "{", "another place": json.dumps(wrong), "gone": json.dumps(absent)}
    batch = [record(good | {"MessageId": name, "Body": body}, "arn") for name, body in bodies.items()]
    with lambda_runtime(staged("aws", "drift"), "handler.drift_on_object", env) as drift:
        assert drift({"Records": batch}) == {"batchItemFailures": []}
    broken = env | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with lambda_runtime(staged("aws", "drift"), "handler.drift_on_object", broken) as drift:
        assert drift({"Records": batch[:2]}) == {"batchItemFailures": [{"itemIdentifier": "good"}]}
    assert account.sqs.receive_message(QueueUrl=account.reports)["Messages"]
