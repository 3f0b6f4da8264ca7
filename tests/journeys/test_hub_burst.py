"""
A burst of Reports through each cloud's own runtime to the hub and the chat: nothing is lost or told twice (A1, A2).

10,000 Reports of 500 data sets, 500 of them twice, 1 % out of order; 200 data sets drift at their last file, in 10
groups. The staged `notify` takes them in and the staged `sweep` tells what is due each five seconds; the clock starts
when all of them wait, in AWS when the first do. There some of SQS' batches fail in part: one write in fifty is
refused, and its message comes again. The counts are held; the times are told beside their goals, for the stand-ins of
the services take most of them.
"""

import json
import time
from base64 import b64encode
from contextlib import ExitStack
from functools import partial
from uuid import uuid4

import pytest
from bench.hub_burst import DATASETS, DELIVERIES, DRIFTING, REPORTS, burst
from emulators import AWS_REGION, AZURE_ACCOUNT, gcs_in_files, moto_server, pubsub_server, s3
from fakes.bursts import AZURE_PYTHON, JSON, SLOT, Feeder, Lines, Poller, Size, configuration, hold, swept, torn
from nephoscope.adapters.https import request as ask

boto3 = pytest.importorskip("boto3")

SIZE = Size(REPORTS, DELIVERIES, DRIFTING)

pytestmark = pytest.mark.slow


@pytest.fixture
def configured(tmp_path):
    """Write a configuration with 500 data sets."""

    def write(*, objects, group_interval="10s", **values):
        columns = {name: {"ks": {"at_most": 0.1}} for name in ("column", "other")}
        datasets = {f"set{n}": {"objects": f"{objects}/set{n}", "columns": columns} for n in range(DATASETS)}
        return configuration(tmp_path, datasets, {"group_by": ["team"], "group_interval": group_interval}, **values)

    return write


def test_aws(chat, lambda_runtime, staged, configured):
    """In two of Lambda's runtimes, from SQS in batches of ten of which 2 % fail; S3 and SQS are a moto each."""
    from nephoscope.adapters.aws.state import S3State

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
    with moto_server(50) as moto, moto_server() as queues, ExitStack() as running:
        sqs, name = boto3.client("sqs", endpoint_url=queues, **keys), f"b{uuid4().hex}"
        where = {"LocationConstraint": AWS_REGION}
        boto3.client("s3", endpoint_url=moto, **keys).create_bucket(Bucket=name, CreateBucketConfiguration=where)
        dead = sqs.create_queue(QueueName=f"dead-{name}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "5"})}
        queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60", **redrive})["QueueUrl"]
        topic = f"sns:arn:aws:sns:{AWS_REGION}:123456789012:{name}"
        stores = {"aws": f"s3://{name}/records"}
        config = configured(hub="aws", topic=topic, state=f"s3://{name}/hub", stores=stores, objects=f"s3://{name}")
        env = {"AWS_ENDPOINT_URL": moto, "NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url}
        bodies = [body.decode() for body in burst()]
        notify = staged("aws", "notify")
        pollers = [
            Poller(boto3.client("sqs", endpoint_url=queues, **keys), queue, running.enter_context(runtime))
            for runtime in (lambda_runtime(notify, "handler.notify_on_message", env) for _ in range(2))
        ]

        def taken():
            return sum(poller.taken for poller in pollers)

        sweep = running.enter_context(lambda_runtime(notify, "handler.sweep_on_timer", env))
        running.enter_context(swept(partial(sweep, {"id": "1", "time": SLOT, "source": "aws.events"})))
        began = time.monotonic()
        Feeder(boto3.client("sqs", endpoint_url=queues, **keys), queue, bodies, taken).start()
        for poller in pollers:
            poller.start()
        running.callback(lambda: [poller.stop() for poller in pollers])
        SIZE.wait_for(lambda: taken() >= DELIVERIES)
        taken_in = time.monotonic() - began
        state = S3State(s3(moto), name, "hub")
        failed = sum(poller.failed for poller in pollers)
        hold(f"Lambda, {failed} failed and came again", chat, state, SIZE, began, taken_in, 180)
        assert failed >= DELIVERIES // 100
        assert "Messages" not in sqs.receive_message(QueueUrl=dead)
        assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_gcp(chat, served, staged, configured, tmp_path):
    """
    Under functions-framework, pushed by Pub/Sub; Cloud Storage keeps its files in memory.

    The emulator pushes two messages at a time, Pub/Sub itself as many as are answered: two emulators have every other
    message each, and each pushes to an instance of the function.
    """
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import Storage

    topic, subscription = (f"projects/mlops/{kind}b{uuid4().hex}" for kind in ("topics/", "subscriptions/"))

    def call(pubsub, method, path, document):
        body = json.dumps(document).encode()
        answer = ask(f"http://{pubsub}/v1/{path}", method=method, body=body, headers=JSON, timeout_seconds=60)
        assert answer.status == 200, answer.text

    logs, sweep_log = [tmp_path / f"notify{number}.log" for number in range(2)], tmp_path / "sweep.log"
    with ExitStack() as running:
        gcs = running.enter_context(gcs_in_files())
        ask(f"{gcs}/storage/v1/b?project=mlops", method="POST", body=b'{"name": "hub"}', headers=JSON)
        config = configured(
            hub="gcp",
            topic=f"pubsub:{topic}",
            state="gs://hub/state",
            stores={"gcp": "gs://hub/records"},
            objects="gs://landed",
            group_interval="5s",
        )
        emulators = [running.enter_context(pubsub_server()) for _ in logs]
        env = {"STORAGE_EMULATOR_HOST": gcs, "PUBSUB_EMULATOR_HOST": emulators[0]}
        env |= {"NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url}
        notify = staged("gcp", "notify")
        takers = [running.enter_context(served(notify, "notify_on_message", env, log)) for log in logs]
        sweeper = running.enter_context(served(notify, "sweep_on_timer", env, sweep_log))
        waiting = [{"data": b64encode(body).decode()} for body in burst()]
        for number, pubsub in enumerate(emulators):
            call(pubsub, "PUT", topic, {})
            call(pubsub, "PUT", subscription, {"topic": topic, "ackDeadlineSeconds": 60})
            mine = waiting[number :: len(emulators)]
            for first in range(0, len(mine), 500):
                call(pubsub, "POST", f"{topic}:publish", {"messages": mine[first : first + 500]})
        event = {"specversion": "1.0", "id": "1", "source": "//pubsub.googleapis.com/x", "time": SLOT}
        kind = {"type": "google.cloud.pubsub.topic.v1.messagePublished", "data": {"message": {"messageId": "1"}}}
        cloudevent = {"Content-Type": "application/cloudevents+json"}

        def sweep():
            body = json.dumps(event | kind).encode()
            answer = ask(sweeper, method="POST", body=body, headers=cloudevent, timeout_seconds=120)
            assert answer.status == 200, answer.text

        running.enter_context(swept(sweep, lambda: torn(sweep_log)))
        began = time.monotonic()
        for pubsub, taker in zip(emulators, takers, strict=True):
            call(pubsub, "POST", f"{subscription}:modifyPushConfig", {"pushConfig": {"pushEndpoint": taker}})
        done = [Lines(log, '"outcome": "done"') for log in logs]
        SIZE.wait_for(lambda: sum([lines.count() for lines in done]) >= DELIVERIES)
        taken_in = time.monotonic() - began
        state = GcsState(Storage(AnonymousCredentials(), gcs), "hub", "state")
        hold("Cloud Functions", chat, state, SIZE, began, taken_in, 60)
        assert sum(Lines(log, '"outcome": "failed"').count() for log in logs) == sum(map(torn, logs))


def test_azure(azurite, chat, azure_worker, entra, staged, configured, tmp_path):
    """In Microsoft's worker, sixteen messages of a Storage queue at a time; the records are Azurite's."""
    blob = pytest.importorskip("azure.storage.blob")
    from nephoscope.adapters.azure.state import BlobState
    from nephoscope.adapters.azure.storage import connected

    container = blob.BlobServiceClient.from_connection_string(azurite).create_container(f"h{uuid4().hex}")
    root = f"az://{AZURE_ACCOUNT}/{container.container_name}"
    config = configured(
        hub="azure",
        topic="eventgrid:http://127.0.0.1:9/api/events",
        state=f"{root}/hub",
        stores={"azure": f"{root}/records"},
        objects=f"{root}/landed",
        group_interval="30s",  # longer than Azurite takes to write what comes after the first drift
    )
    env = {"AZURE_STORAGE_CONNECTION_STRING": azurite, "NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url, **entra.env}
    waiting = {str(number): body.decode() for number, body in enumerate(burst())}
    notify = staged("azure", "notify", AZURE_PYTHON)
    with ExitStack() as running:
        taker = running.enter_context(azure_worker(notify, env, tmp_path / "notify.log"))
        sweeper = running.enter_context(azure_worker(notify, env, tmp_path / "sweep.log"))
        running.enter_context(swept(lambda: sweeper.timer("sweep_on_timer", SLOT)))
        began, failed = time.monotonic(), 0
        while waiting:
            waiting = {identity: waiting[identity] for identity in taker.queue("notify_on_message", waiting)}
            failed += len(waiting)
        taken_in = time.monotonic() - began
        state = BlobState(connected(azurite), container.container_name, "hub")
        hold("Azure Functions", chat, state, SIZE, began, taken_in, 180)
        assert failed == 0
