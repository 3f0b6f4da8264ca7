"""
A burst of landed files through each cloud's own runtimes, from the storage's event to the chat (A1, A2).

Files of 100 data sets land, 5 % are told of twice and 1 % out of order; 40 data sets drift at their last file, in 10
groups. The staged `drift` judges each, the staged `notify` takes its Report in and `sweep` tells what is due, all at
the same time. NEPHOSCOPE_BURST says how many files, 1,000 when absent; A1's 10,000 take four to seven minutes here.
"""

import json
import os
import random
import time
from base64 import b64encode
from collections import Counter, deque
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from threading import Thread
from uuid import uuid4

import numpy as np
import pytest
from emulators import AWS_REGION, AZURE_ACCOUNT, gcs_in_files, moto_server, pubsub_server, s3
from fakes.bursts import AZURE_PYTHON, JSON, SLOT, Feeder, Lines, Poller, Size, configuration, hold, swept, torn
from nephoscope.adapters.https import request as ask

FILES = int(os.environ.get("NEPHOSCOPE_BURST", "1000"))
DATASETS, DRIFTING = 100, 40
TRIES_MOST = 30  # of an event of Event Grid
DEQUEUED_MOST, HIDDEN_SECONDS = 5, 30  # of a message that failed, as host.json says: then it is set aside
SIZE = Size(FILES, FILES + FILES // 20, DRIFTING)
GOAL_SECONDS = {"Lambda": 180, "Azure Functions": 180, "Cloud Functions": 60}  # A1's, for 10,000 on an idle machine
# What is told of days late costs a note more.
START = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=FILES)

pytestmark = pytest.mark.slow


@pytest.fixture
def configured(tmp_path):
    """Write a configuration with 100 data sets of ten groups."""

    def write(*, objects, **values):
        columns = {"dep_delay": {"ks": {"at_most": 0.1}}}
        datasets = {f"set{n}": {"objects": f"{objects}/set{n}", "columns": columns} for n in range(DATASETS)}
        routes = [{"matchers": [f'dataset=~"set[0-9]*{last}"']} for last in range(10)]
        return configuration(tmp_path, datasets, {"group_by": ["check"], "routes": routes}, **values)

    return write


@pytest.fixture(scope="module")
def landed(parquet):
    """Every file's key, content and time, in the order of landing."""
    draw = np.random.default_rng(3)
    usual, moved = parquet(draw.exponential(12, 1_000)), parquet(draw.exponential(48, 1_000) + 20)

    def file(number):
        dataset, last = number % DATASETS, number >= FILES - DATASETS
        body = moved if last and dataset < DRIFTING else usual
        return f"landed/set{dataset}/{number:05}.parquet", body, START + timedelta(seconds=number)

    return [file(number) for number in range(FILES)]


def delivered(events):
    """The events as they are delivered: 5 % twice, 1 % out of order; what a data set begins with comes first."""
    chance = random.Random(1)
    order = [*range(FILES), *chance.sample(range(FILES), FILES // 20)]
    for _ in range(FILES // 100):
        first = chance.randrange(DATASETS, FILES - 2 * DATASETS)
        second = first + chance.randrange(1, DATASETS)
        order[first], order[second] = order[second], order[first]
    return [events[number] for number in order]


def test_aws(chat, lambda_runtime, staged, configured, landed):
    """SQS, drift in Lambda's runtime, SNS, SQS, notify in another; one in fifty Reports is refused and comes again."""
    boto3 = pytest.importorskip("boto3")
    from nephoscope.adapters.aws.state import S3State

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
    with moto_server(50) as moto, moto_server() as queues, ExitStack() as running:
        client = partial(boto3.client, endpoint_url=queues, **keys)
        store, name = boto3.client("s3", endpoint_url=moto, **keys), f"b{uuid4().hex}"
        sqs, sns = client("sqs"), client("sns")
        for bucket in (name, f"landing-{name}"):
            store.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": AWS_REGION})

        def queue(kind, **more):
            return sqs.create_queue(QueueName=f"{kind}-{name}", Attributes={"VisibilityTimeout": "60", **more})

        def arn(url):
            return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

        dead = queue("dead")["QueueUrl"]
        again = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": "5"})}
        objects, reports = (queue(kind, **again)["QueueUrl"] for kind in ("objects", "reports"))
        topic = sns.create_topic(Name=name)["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(reports), Attributes=raw)
        config = configured(
            hub="aws",
            topic=f"sns:{topic}",
            state=f"s3://{name}/hub",
            stores={"aws": f"s3://{name}/records"},
            objects=f"s3://landing-{name}/landed",
        )

        def event(key, body, at):
            version = store.put_object(Bucket=f"landing-{name}", Key=key, Body=body)["ETag"].strip('"')
            known = {"bucket": {"name": f"landing-{name}"}, "object": {"key": key, "eTag": version, "size": len(body)}}
            record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
            return json.dumps({"Records": [record | {"eventTime": at.isoformat(), "s3": known}]})

        events = delivered([event(*file) for file in landed])
        env = {"AWS_ENDPOINT_URL": moto, "AWS_ENDPOINT_URL_SNS": queues}
        env |= {"NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url}
        notify = staged("aws", "notify")

        def polled(queue, folder, entry):
            return Poller(client("sqs"), queue, running.enter_context(lambda_runtime(folder, entry, env)))

        drift = polled(objects, staged("aws", "drift"), "handler.drift_on_object")
        taker = polled(reports, notify, "handler.notify_on_message")
        sweep = running.enter_context(lambda_runtime(notify, "handler.sweep_on_timer", env))
        running.enter_context(swept(partial(sweep, {"id": "1", "time": SLOT, "source": "aws.events"})))
        began = time.monotonic()
        Feeder(client("sqs"), objects, events, lambda: drift.taken).start()
        for poller in (drift, taker):
            poller.start()
            running.callback(poller.stop)
        SIZE.wait_for(lambda: drift.taken >= SIZE.deliveries and taker.taken >= SIZE.reports)
        taken_in = time.monotonic() - began
        state = S3State(s3(moto), name, "hub")
        failed = drift.failed + taker.failed
        hold(f"Lambda, {failed} failed and came again", chat, state, SIZE, began, taken_in, GOAL_SECONDS["Lambda"])
        assert failed >= SIZE.reports // 100
        assert "Messages" not in sqs.receive_message(QueueUrl=dead)


def test_gcp(chat, served, staged, configured, landed, tmp_path):
    """
    Pub/Sub pushes the storage's notifications to drift and drift's Reports to notify, under functions-framework.

    The emulator pushes two messages at a time, Pub/Sub itself as many as are answered: two emulators have every other
    notification each, and each pushes to an instance of drift; one has the Reports.
    """
    storage = pytest.importorskip("google.cloud.storage")
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import Storage

    def call(pubsub, method, path, document):
        body = json.dumps(document).encode()
        answer = ask(f"http://{pubsub}/v1/{path}", method=method, body=body, headers=JSON, timeout_seconds=60)
        assert answer.status == 200, answer.text

    name = f"b{uuid4().hex}"
    uploads, topic = (f"projects/mlops/topics/{kind}{name}" for kind in ("uploads", "reports"))
    notify_log, sweep_log = (tmp_path / f"{job}.log" for job in ("notify", "sweep"))
    drift_logs = [tmp_path / f"drift{number}.log" for number in range(2)]
    with ExitStack() as running:
        gcs = running.enter_context(gcs_in_files())
        client = storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": gcs})
        client.create_bucket(name)
        landing = client.create_bucket(f"landing-{name}")
        config = configured(
            hub="gcp",
            topic=f"pubsub:{topic}",
            state=f"gs://{name}/hub",
            stores={"gcp": f"gs://{name}/records"},
            objects=f"gs://{landing.name}/landed",
        )
        reports, *landings = (running.enter_context(pubsub_server()) for _ in range(1 + len(drift_logs)))
        env = {"STORAGE_EMULATOR_HOST": gcs, "PUBSUB_EMULATOR_HOST": reports}
        env |= {"NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url}
        notify = staged("gcp", "notify")
        drift = staged("gcp", "drift")
        judges = [running.enter_context(served(drift, "drift_on_object", env, log)) for log in drift_logs]
        taker = running.enter_context(served(notify, "notify_on_message", env, notify_log))
        sweeper = running.enter_context(served(notify, "sweep_on_timer", env, sweep_log))
        pushes = [(reports, topic, taker)]
        pushes += [(pubsub, uploads, url) for pubsub, url in zip(landings, judges, strict=True)]
        for pubsub, each, _ in pushes:
            call(pubsub, "PUT", each, {})
            call(pubsub, "PUT", each.replace("/topics/", "/subscriptions/"), {"topic": each, "ackDeadlineSeconds": 60})

        def event(key, body, at):
            written = landing.blob(key)
            written.upload_from_string(body)
            told = {
                "eventType": "OBJECT_FINALIZE",
                "bucketId": landing.name,
                "objectId": key,
                "payloadFormat": "JSON_API_V1",
            }
            told |= {"objectGeneration": str(written.generation), "eventTime": at.isoformat()}
            resource = {
                "bucket": landing.name,
                "name": key,
                "generation": str(written.generation),
                "size": str(len(body)),
            }
            data = json.dumps(resource | {"timeCreated": at.isoformat()}).encode()
            return {"attributes": told, "data": b64encode(data).decode()}

        events = delivered([event(*file) for file in landed])
        for number, pubsub in enumerate(landings):
            mine = events[number :: len(landings)]
            for first in range(0, len(mine), 500):
                call(pubsub, "POST", f"{uploads}:publish", {"messages": mine[first : first + 500]})
        cloudevent = {"specversion": "1.0", "id": "1", "source": "//pubsub.googleapis.com/x", "time": SLOT}
        kind = {"type": "google.cloud.pubsub.topic.v1.messagePublished", "data": {"message": {"messageId": "1"}}}

        def sweep():
            headers = {"Content-Type": "application/cloudevents+json"}
            body = json.dumps(cloudevent | kind).encode()
            answer = ask(sweeper, method="POST", body=body, headers=headers, timeout_seconds=120)
            assert answer.status == 200, answer.text

        running.enter_context(swept(sweep, lambda: torn(sweep_log)))
        began = time.monotonic()
        for pubsub, each, url in pushes:
            push = {"pushConfig": {"pushEndpoint": url}}
            call(pubsub, "POST", f"{each.replace('/topics/', '/subscriptions/')}:modifyPushConfig", push)
        taken, *judged = (Lines(log, '"outcome": "done"') for log in (notify_log, *drift_logs))
        SIZE.wait_for(lambda: taken.count() >= SIZE.reports and sum([each.count() for each in judged]) >= SIZE.reports)
        taken_in = time.monotonic() - began
        state = GcsState(Storage(AnonymousCredentials(), gcs), name, "hub")
        hold("Cloud Functions", chat, state, SIZE, began, taken_in, GOAL_SECONDS["Cloud Functions"])
        assert sum(Lines(log, '"outcome": "failed"').count() for log in drift_logs) == sum(map(torn, drift_logs))


def test_azure(azurite, chat, azure_worker, grid, entra, staged, configured, landed, tmp_path):
    """Event Grid's events to drift, its Reports to notify sixteen at a time, in Microsoft's worker."""
    blob = pytest.importorskip("azure.storage.blob")
    from nephoscope.adapters.azure.state import BlobState
    from nephoscope.adapters.azure.storage import connected

    service, name = blob.BlobServiceClient.from_connection_string(azurite), f"h{uuid4().hex}"
    container, landing = service.create_container(name), service.create_container(f"landing-{name}")
    root = f"az://{AZURE_ACCOUNT}/{container.container_name}"
    config = configured(
        hub="azure",
        topic=f"eventgrid:{grid.url}/api/events",
        state=f"{root}/hub",
        stores={"azure": f"{root}/records"},
        objects=f"az://{AZURE_ACCOUNT}/{landing.container_name}/landed",
    )
    source = f"/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{AZURE_ACCOUNT}"

    def event(key, body, at):
        version = landing.get_blob_client(key).upload_blob(body)["etag"].strip('"')
        known = {"specversion": "1.0", "source": source, "type": "Microsoft.Storage.BlobCreated", "id": uuid4().hex}
        subject = f"/blobServices/default/containers/{landing.container_name}/blobs/{key}"
        data = {"api": "PutBlob", "eTag": version, "contentLength": len(body)}
        return known | {"time": at.isoformat(), "subject": subject, "data": data}

    events = delivered([event(*file) for file in landed])
    env = {"AZURE_STORAGE_CONNECTION_STRING": azurite, "NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url, **entra.env}
    notify = staged("azure", "notify", AZURE_PYTHON)
    refused = []
    with ExitStack() as running:
        drift, taker, sweeper = (
            running.enter_context(azure_worker(folder, env, tmp_path / f"{number}.log"))
            for number, folder in enumerate((staged("azure", "drift", AZURE_PYTHON), notify, notify))
        )
        running.enter_context(swept(lambda: sweeper.timer("sweep_on_timer", SLOT)))

        def land():
            waiting = deque((event, 1) for event in events)
            while waiting:
                each, tries = waiting.popleft()
                try:
                    drift.event("drift_on_object", each)
                except RuntimeError as error:  # Event Grid tries again, thirty times in all
                    refused.append(error)
                    if tries == TRIES_MOST:
                        raise
                    waiting.append((each, tries + 1))

        landing = Thread(target=land, daemon=True)
        began, seen, queue, hidden, tries = time.monotonic(), 0, {}, {}, Counter()
        landing.start()
        while landing.is_alive() or seen < len(grid.requests) or queue or hidden:
            come, now = len(grid.requests), time.monotonic()
            queue |= {number: grid.requests[number][3].decode() for number in range(seen, come)}
            queue |= {number: grid.requests[number][3].decode() for number, until in hidden.items() if until <= now}
            hidden = {number: until for number, until in hidden.items() if until > now}
            seen = come
            if not queue:
                time.sleep(0.05)
                continue
            some = {str(number): queue.pop(number) for number in list(islice(queue, 16))}
            again = [int(number) for number in taker.messages("notify_on_message", some)]
            tries.update(again)
            assert not again or max(tries.values()) < DEQUEUED_MOST, again
            hidden |= dict.fromkeys(again, time.monotonic() + HIDDEN_SECONDS)
        taken_in = time.monotonic() - began
        state = BlobState(connected(azurite), container.container_name, "hub")
        name = f"Azure Functions, {len(refused)} failed and came again"
        hold(name, chat, state, SIZE, began, taken_in, GOAL_SECONDS["Azure Functions"])
        assert SIZE.reports <= len(grid.requests) <= SIZE.reports + len(refused)
