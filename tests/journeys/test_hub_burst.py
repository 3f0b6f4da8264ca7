"""
A burst of Reports through each cloud's own runtime to the hub and the chat: nothing is lost or told twice (A1, A2).

10,000 Reports of 500 data sets, 500 of them twice, 1 % out of order; 200 data sets drift at their last file, in 10
groups. The staged `notify` takes them in and the staged `sweep` tells what is due each five seconds; the clock starts
when all of them wait. In AWS some of SQS' batches fail in part: one write in fifty is refused, and its message comes
again. The counts are held; the times are told beside their goals, for the stand-ins of the services take most of them.
"""

import json
import time
from base64 import b64encode
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from uuid import uuid4

import pytest
from bench.hub_burst import DATASETS, DELIVERIES, DRIFTING, MEMORY, REPORTS, burst
from emulators import AWS_REGION, AZURE_ACCOUNT, Recorder, gcs_server, moto_server, s3
from nephoscope import records, settings
from nephoscope.adapters.https import request as ask
from nephoscope.alerts.groups import Snapshot

boto3 = pytest.importorskip("boto3")

SWEEP_SECONDS = 5.0
GIVEN_UP_SECONDS = 600.0
MOST_POSTS = 20
AZURE_PYTHON = "3.13"
SLOT = "2025-01-31T06:00:00Z"
JSON = {"Content-Type": "application/json"}

pytestmark = pytest.mark.slow


class Chat(Recorder):
    """A webhook that takes whatever is posted, and knows when."""

    def __init__(self):
        super().__init__()
        self.posts = []  # when, the Message's id, the Alerts' subjects

    def answer(self, method, path, headers, body):
        """Accept."""
        subjects = [alert["labels"]["subject"] for alert in json.loads(body)["alerts"]]
        identity = next(value for name, value in headers.items() if name.lower() == "idempotency-key")
        self.posts.append((time.monotonic(), identity, subjects))
        return 200, {}, b""

    @property
    def told(self):
        """Every subject that was told of."""
        return {subject for _, _, subjects in self.posts for subject in subjects}


@pytest.fixture
def chat():
    """Where people are told."""
    service = Chat()
    yield service
    service.close()


@pytest.fixture
def configured(tmp_path):
    """Write a configuration with 500 data sets, as staging does."""

    def write(**values):
        columns = {name: {"ks": {"at_most": 0.1}} for name in ("column", "other")}
        objects = values.pop("objects")
        plain = {
            "version": 1,
            **values,
            "datasets": {f"set{n}": {"objects": f"{objects}/set{n}", "columns": columns} for n in range(DATASETS)},
            "timers": {"sweep": "* * * * *"},
            "channels": {"chat": {"type": "webhook", "url": "env:CHAT_URL"}},
            "route": {"channels": ["chat"], "group_by": ["team"], "group_wait": "5s", "group_interval": "10s"},
        }
        (tmp_path / "nephoscope.yaml").write_text(json.dumps(plain))  # JSON is YAML
        (tmp_path / "nephoscope.json").write_bytes(settings.stage(tmp_path / "nephoscope.yaml"))
        return str(tmp_path / "nephoscope.json")

    return write


@contextmanager
def swept(sweep):
    """Ring the sweep each five seconds meanwhile."""
    over, failures = Event(), []

    def ring():
        while not over.wait(SWEEP_SECONDS):
            try:
                sweep()
            except Exception as error:  # noqa: BLE001 - raised where the test sees it
                failures.append(error)

    ringing = Thread(target=ring)
    ringing.start()
    try:
        yield
    finally:
        over.set()
        ringing.join()
    assert not failures, failures


def wait_for(ready):
    """Wait until something is so."""
    until = time.monotonic() + GIVEN_UP_SECONDS
    while not ready():
        assert time.monotonic() < until, "the burst was not taken in"
        time.sleep(0.1)


def hold(name, chat, state, began, taken_in, goal_seconds):
    """Hold what A1 counts, and tell how long it took beside its goal, which only an idle machine can meet."""
    wait_for(lambda: len(chat.told) >= DRIFTING)
    last = chat.posts[-1][0] - began
    time.sleep(2 * SWEEP_SECONDS)  # whatever is told twice comes now
    posted = Counter(message for _, message, _ in chat.posts)
    snapshots = [records.read(state, key, Snapshot) for key in state.list("told/")]
    # One whose group was written by another meanwhile was never sent.
    sent = [snapshot for snapshot in snapshots if snapshot and f"{snapshot.id}/chat" in posted]
    news = Counter(fingerprint for snapshot in sent for fingerprint in snapshot.news)
    reports = sum(1 for _ in state.list("reports/"))
    # Whoever takes the last files in slowly has more of a group's intervals to speak in.
    verdict = "met" if last <= goal_seconds and len(chat.posts) <= MOST_POSTS else "MISSED"
    print(
        f"\n{name}: {DELIVERIES} deliveries taken in {taken_in:.1f} s, {reports} on record, "
        f"{len(chat.told)} of {DRIFTING} told in {len(chat.posts)} posts, the last after {last:.1f} s, "
        f"goal {MOST_POSTS} posts and {goal_seconds} s  {verdict}"
    )
    assert reports == REPORTS
    assert len(sent) == len(posted)
    assert len(chat.told) == len(news) == DRIFTING
    assert set(news.values()) == set(posted.values()) == {1}


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
        for first in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[first : first + 10])]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        notify = staged("aws", "notify")
        pollers = [
            Poller(boto3.client("sqs", endpoint_url=queues, **keys), queue, running.enter_context(runtime))
            for runtime in (lambda_runtime(notify, "handler.notify_on_message", env) for _ in range(2))
        ]
        sweep = running.enter_context(lambda_runtime(notify, "handler.sweep_on_timer", env))
        running.enter_context(swept(partial(sweep, {"id": "1", "time": SLOT, "source": "aws.events"})))
        began = time.monotonic()
        for poller in pollers:
            poller.start()
        running.callback(lambda: [poller.stop() for poller in pollers])
        wait_for(lambda: sum(poller.taken for poller in pollers) >= DELIVERIES)
        taken_in = time.monotonic() - began
        state = S3State(s3(moto), name, "hub")
        failed = sum(poller.failed for poller in pollers)
        hold(f"Lambda, {failed} failed and came again", chat, state, began, taken_in, 180)
        assert failed >= DELIVERIES // 100
        assert "Messages" not in sqs.receive_message(QueueUrl=dead)
        assert "Messages" not in sqs.receive_message(QueueUrl=queue)


class Poller(Thread):
    """Does what Lambda's poller does, for one instance of the function."""

    def __init__(self, sqs, queue, invoke):
        super().__init__(daemon=True)
        self.sqs, self.queue, self.invoke = sqs, queue, invoke
        self.taken = self.failed = 0
        self.over = False

    def run(self):
        """Receive, invoke, delete what did not fail; the rest is visible again at once."""
        asked = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while not self.over:
            found = self.sqs.receive_message(**asked).get("Messages", [])
            if not found:
                time.sleep(0.1)
                continue
            answer = self.invoke({"Records": [record(message) for message in found]})
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            done = [message for message in found if message["MessageId"] not in failed]
            if done:
                entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(done)]
                self.sqs.delete_message_batch(QueueUrl=self.queue, Entries=entries)
            for message in found:
                if message["MessageId"] in failed:
                    again = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                    self.sqs.change_message_visibility(QueueUrl=self.queue, **again)
            self.taken += len(done)
            self.failed += len(failed)

    def stop(self):
        """End after the batch."""
        self.over = True
        self.join(60)


def record(message):
    """A received message as Lambda spells it."""
    known = {"messageId": message["MessageId"], "receiptHandle": "r", "body": message["Body"]}
    more = {"messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": "arn", "awsRegion": AWS_REGION}
    return known | {"attributes": message["Attributes"]} | more


def test_gcp(pubsub, chat, served, staged, configured, tmp_path):
    """Under functions-framework, pushed by Pub/Sub; Cloud Storage keeps its files in memory."""
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import connected

    topic, subscription = (f"projects/mlops/{kind}b{uuid4().hex}" for kind in ("topics/", "subscriptions/"))

    def call(method, path, document):
        body = json.dumps(document).encode()
        answer = ask(f"http://{pubsub}/v1/{path}", method=method, body=body, headers=JSON, timeout_seconds=60)
        assert answer.status == 200, answer.text

    log = tmp_path / "notify.log"
    with ExitStack() as running:
        kept = running.enter_context(TemporaryDirectory(dir=MEMORY))
        gcs = running.enter_context(gcs_server("-backend", "filesystem", "-filesystem-root", kept))
        ask(f"{gcs}/storage/v1/b?project=mlops", method="POST", body=b'{"name": "hub"}', headers=JSON)
        config = configured(
            hub="gcp",
            topic=f"pubsub:{topic}",
            state="gs://hub/state",
            stores={"gcp": "gs://hub/records"},
            objects="gs://landed",
        )
        env = {"STORAGE_EMULATOR_HOST": gcs, "PUBSUB_EMULATOR_HOST": pubsub}
        env |= {"NEPHOSCOPE_CONFIG": config, "CHAT_URL": chat.url}
        notify = staged("gcp", "notify")
        taker = running.enter_context(served(notify, "notify_on_message", env, log))
        sweeper = running.enter_context(served(notify, "sweep_on_timer", env, tmp_path / "sweep.log"))
        call("PUT", topic, {})
        call("PUT", subscription, {"topic": topic, "ackDeadlineSeconds": 60})
        waiting = [{"data": b64encode(body).decode()} for body in burst()]
        for first in range(0, len(waiting), 500):
            call("POST", f"{topic}:publish", {"messages": waiting[first : first + 500]})
        event = {"specversion": "1.0", "id": "1", "source": "//pubsub.googleapis.com/x", "time": SLOT}
        kind = {"type": "google.cloud.pubsub.topic.v1.messagePublished", "data": {"message": {"messageId": "1"}}}
        cloudevent = {"Content-Type": "application/cloudevents+json"}

        def sweep():
            body = json.dumps(event | kind).encode()
            answer = ask(sweeper, method="POST", body=body, headers=cloudevent, timeout_seconds=120)
            assert answer.status == 200, answer.text

        running.enter_context(swept(sweep))
        began = time.monotonic()
        call("POST", f"{subscription}:modifyPushConfig", {"pushConfig": {"pushEndpoint": taker}})
        done = Lines(log, '"outcome": "done"')
        wait_for(lambda: done.count() >= DELIVERIES)
        taken_in = time.monotonic() - began
        state = GcsState(connected(AnonymousCredentials()), "hub", "state", endpoint=gcs)
        hold("Cloud Functions", chat, state, began, taken_in, 60)
        assert Lines(log, '"outcome": "failed"').count() == 0


class Lines:
    """How many lines of a log say something; each is read once."""

    def __init__(self, log, said):
        self._log, self._said = Path(log), said
        self._read = self._found = 0

    def count(self):
        """So many by now."""
        with self._log.open() as lines:
            lines.seek(self._read)
            for line in iter(lines.readline, ""):
                if line.endswith("\n"):
                    self._found += self._said in line
                    self._read = lines.tell()
        return self._found


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
            some = dict(list(waiting.items())[:16])
            again = taker.messages("notify_on_message", some)
            failed += len(again)
            for identity in some.keys() - set(again):
                del waiting[identity]
        taken_in = time.monotonic() - began
        state = BlobState(connected(azurite), container.container_name, "hub")
        hold("Azure Functions", chat, state, began, taken_in, 180)
        assert failed == 0
