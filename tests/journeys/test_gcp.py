"""Google, from an upload to a chat room: Cloud Storage, Pub/Sub with its pushes, the staged main.py as it is served."""

import json
import os
from contextlib import ExitStack
from uuid import uuid4

import pytest
from emulators import gcs_server
from nephoscope.adapters.https import request as ask
from waiting import wait_for

storage = pytest.importorskip("google.cloud.storage")
pytest.importorskip("functions_framework")


def call(pubsub, method, path, document):
    """Ask Pub/Sub by its REST interface."""
    headers = {"Content-Type": "application/json"}
    body = json.dumps(document).encode()
    answer = ask(f"http://{pubsub}/v1/{path}", method=method, body=body, headers=headers, timeout_seconds=60)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)


class Project:
    """One Google project on emulators: a landing bucket that tells of uploads, the topic and what is pushed where."""

    def __init__(self, pubsub, gcs, uploads):
        from google.auth.credentials import AnonymousCredentials

        self.pubsub, self.gcs, self.uploads = pubsub, gcs, uploads
        self.topic = self.make_topic()
        client = storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": gcs})
        self.bucket = client.create_bucket(f"b{uuid4().hex}")
        self.env = {"PUBSUB_EMULATOR_HOST": pubsub, "STORAGE_EMULATOR_HOST": gcs}

    def make_topic(self):
        """A new topic's name."""
        name = f"projects/mlops/topics/t{uuid4().hex}"
        self.call("PUT", name, {})
        return name

    def call(self, method, path, document):
        """Ask Pub/Sub."""
        return call(self.pubsub, method, path, document)

    def subscribe(self, topic, **options):
        """A new subscription's name."""
        name = f"projects/mlops/subscriptions/s{uuid4().hex}"
        self.call("PUT", name, {"topic": topic, "ackDeadlineSeconds": 60, **options})
        return name

    def push(self, topic, url, **options):
        """Push a topic's messages to a function, as Eventarc does."""
        return self.subscribe(topic, pushConfig={"pushEndpoint": url}, **options)

    def publish(self, topic, message):
        """Publish one message."""
        self.call("POST", f"{topic}:publish", {"messages": [message]})

    def schedule(self, url):
        """Push a function each slot of a schedule, as Cloud Scheduler does through Pub/Sub; what is returned rings."""
        slots = self.make_topic()
        self.push(slots, url)
        return lambda: self.publish(slots, {"data": "e30="})

    def pull(self, subscription):
        """What waits in a subscription, acknowledged."""
        asked = {"maxMessages": 100, "returnImmediately": True}
        found = self.call("POST", f"{subscription}:pull", asked).get("receivedMessages", [])
        if found:
            self.call("POST", f"{subscription}:acknowledge", {"ackIds": [one["ackId"] for one in found]})
        return [one["message"] for one in found]


@pytest.fixture(scope="module")
def project(pubsub):
    """A project whose storage tells a topic of every upload."""
    name = f"projects/mlops/topics/uploads{uuid4().hex}"
    call(pubsub, "PUT", name, {})
    told = ("-event.pubsub-project-id", "mlops", "-event.pubsub-topic", name.rpartition("/")[2])
    with gcs_server(*told, "-event.list", "finalize", env={**os.environ, "PUBSUB_EMULATOR_HOST": pubsub}) as gcs:
        yield Project(pubsub, gcs, name)


def lines(log, job):
    """The log lines of a job's runs."""
    known = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in known if line["job"] == job]


def done(log):
    """The runs of drift that came to an end."""
    return [line for line in lines(log, "drift") if line["outcome"] == "done"]


def test_a_drifted_table_is_told_once(
    project, served, staged, configured, tables, room, told, told_once, mailbox, tmp_path
):
    """Three tables are uploaded, one drifted; people are told once, in the room and by mail."""
    config = configured(
        hub="gcp",
        topic=f"pubsub:{project.topic}",
        state=f"gs://{project.bucket.name}/hub",
        stores={"gcp": f"gs://{project.bucket.name}/records"},
        objects=f"gs://{project.bucket.name}/landed",
        mail_port=mailbox[0],
    )
    env = {**project.env, **room.env, "NEPHOSCOPE_CONFIG": config}
    drifts, notifies, sweeps = logs = [tmp_path / f"{job}.log" for job in ("drift", "notify", "sweep")]
    with ExitStack() as running:
        drift = running.enter_context(served(staged("gcp", "drift"), "drift_on_object", env, drifts))
        notify = running.enter_context(served(staged("gcp", "notify"), "notify_on_message", env, notifies))
        sweep = running.enter_context(served(staged("gcp", "notify"), "sweep_on_timer", env, sweeps))
        project.push(project.uploads, drift)
        project.push(project.topic, notify)
        ring = project.schedule(sweep)
        for number, (name, body) in enumerate(tables.items(), 1):
            project.bucket.blob(f"landed/{name}").upload_from_string(body)
            wait_for(lambda number=number: len(done(drifts)) >= number, *logs)
        wait_for(told, *logs, ring=ring)
        swept = len(lines(sweeps, "sweep"))
        ring()
        wait_for(lambda: len(lines(sweeps, "sweep")) > swept, *logs)

    told_once()
    assert [line["findings"]["breach"] for line in done(drifts)][:2] == [0, 0]


def test_what_fails_is_delivered_again_and_then_a_dead_letter(
    project, served, staged, configured, tables, mailbox, tmp_path
):
    """With its store away a function fails; Pub/Sub delivers five times, then sets the message aside."""
    config = configured(
        hub="gcp",
        topic=f"pubsub:{project.topic}",
        state=f"gs://{project.bucket.name}/hub",
        stores={"gcp": "gs://nowhere-at-all/records"},
        objects=f"gs://{project.bucket.name}/landed",
        mail_port=mailbox[0],
    )
    env = {**project.env, "NEPHOSCOPE_CONFIG": config, "ROOM_URL": "http://127.0.0.1:9/"}
    log = tmp_path / "drift.log"
    uploaded = project.bucket.blob("landed/2013-01.parquet")
    uploaded.upload_from_string(tables["2013-01.parquet"])
    topic, dead = project.make_topic(), project.make_topic()
    aside = project.subscribe(dead)
    retry = {"minimumBackoff": "1s", "maximumBackoff": "2s"}
    letters = {"deadLetterTopic": dead, "maxDeliveryAttempts": 5}
    attributes = {
        "eventType": "OBJECT_FINALIZE",
        "bucketId": project.bucket.name,
        "objectId": "landed/2013-01.parquet",
        "objectGeneration": str(uploaded.generation),
        "payloadFormat": "NONE",
        "eventTime": "2025-01-31T06:00:00Z",
    }
    with served(staged("gcp", "drift"), "drift_on_object", env, log) as drift:
        project.push(topic, drift, retryPolicy=retry, deadLetterPolicy=letters)
        project.publish(topic, {"attributes": attributes})
        [letter] = wait_for(lambda: project.pull(aside), log)
    assert letter["attributes"]["objectId"] == "landed/2013-01.parquet"
    tries = [line for line in lines(log, "drift") if line["outcome"] == "failed"]
    assert len(tries) == 5
    assert {line["event_id"] for line in tries} == {tries[0]["event_id"]}
