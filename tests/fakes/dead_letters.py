"""Places of dead letters on the clouds' emulators: a test puts letters there, and sees where they went."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
from emulators import AWS_ENVIRONMENT, AWS_REGION, AZURE_ACCOUNT, Recorder
from fakes.recorded_calls import HOP, passed_on
from nephoscope.adapters.aws.dead_letters import SqsDeadLetters
from nephoscope.adapters.azure.dead_letters import EventGridDeadLetters
from nephoscope.adapters.azure.poison import PoisonQueue
from nephoscope.adapters.azure.storage import connected
from nephoscope.adapters.azure.topic import EventGridTopic
from nephoscope.adapters.gcp.dead_letters import ADDED, PubSubDeadLetters
from nephoscope.adapters.https import request
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.dead_letters import SqliteDeadLetters
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.ports import DeadLetters
from nephoscope.report import EVENT_TYPE

Put = Callable[[Sequence[str]], None]
Refuses = Callable[[str, str, dict[str, str]], bool]  # a request's method, path and headers
TEXT = re.compile(rb"<MessageText>&lt;(\w+) &amp;amp;&gt;</MessageText>")
START = datetime(2026, 11, 24, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A place of dead letters, what lies in it, and what got new tries."""

    put: Put  # letters by their text, in the order in which they were published
    open: Callable[..., DeadLetters]  # `through` a URL that stands before the service
    came: Callable[[], list[str]]  # what got new tries since it was asked last
    sends: Refuses  # whether a request gives a letter new tries
    removes: Refuses  # whether it takes one away
    service: str = ""  # the URL of what both are asked of
    name: str = ""  # for people


class Between(Recorder):
    """Stands before a service and refuses some requests, as if who asks had died by then."""

    def __init__(self, service: str, refuses: Refuses) -> None:
        super().__init__()
        self._service = service
        self._refuses = refuses

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The service's answer, or a refusal."""
        if self._refuses(method, path, headers):
            return 403, {}, b"{}"
        status, said, answer = passed_on(self._service, method, path, headers, body)
        return status, {name: value for name, value in said.items() if name.lower() not in HOP}, answer


def _never(*_: object) -> bool:
    return False


def _target(action: str) -> Refuses:
    return lambda _, __, headers: any(value.endswith(f".{action}") for value in headers.values())


def _path(end: str) -> Refuses:
    return lambda _, path, __: path.endswith(end)


def _method(name: str) -> Refuses:
    return lambda method, _, __: method == name


def sqlite(topic: SqliteTopic, clock: FixedClock) -> Place:
    """A topic in a file."""

    def put(texts: Sequence[str]) -> None:
        for text in texts:
            topic.publish(text.encode(), attributes={})
        for letter in topic.receive(len(texts)):
            topic.refuse(letter, "broken", dead=True)

    def came() -> list[str]:
        received = topic.receive(100)
        clock.at += timedelta(minutes=5)
        for letter in received:
            topic.acknowledge(letter)
        return [letter.body.decode() for letter in received]

    return Place(put, lambda: SqliteDeadLetters(topic), came, _never, _never)


def sqs_client(url: str) -> Any:
    """SQS there."""
    names = {"AWS_ACCESS_KEY_ID": "aws_access_key_id", "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key"}
    return boto3.client("sqs", AWS_REGION, endpoint_url=url, **{n: AWS_ENVIRONMENT[v] for v, n in names.items()})


def sqs(moto: str) -> Place:
    """A queue that gives messages up, and the one it gives them to."""
    client = sqs_client(moto)
    name = f"reports-{uuid4().hex}"
    dead = client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})}
    home = client.create_queue(QueueName=name, Attributes=policy)["QueueUrl"]
    kind = {"kind": {"DataType": "String", "StringValue": "report"}}

    def put(texts: Sequence[str]) -> None:
        for text in texts:
            client.send_message(QueueUrl=home, MessageBody=text, MessageAttributes=kind)
            for _ in range(2):  # once by a worker that dies, once more: it was received too often
                client.receive_message(QueueUrl=home, VisibilityTimeout=0)

    def came() -> list[str]:
        found: list[str] = []
        asked = {"QueueUrl": home, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while batch := client.receive_message(**asked).get("Messages"):
            assert all(one["MessageAttributes"] == kind for one in batch)
            found += [one["Body"] for one in batch]
            for one in batch:
                client.delete_message(QueueUrl=home, ReceiptHandle=one["ReceiptHandle"])
        return found

    def open_(through: str = moto) -> DeadLetters:
        return SqsDeadLetters(sqs_client(through), arn)

    return Place(put, open_, came, _target("SendMessage"), _target("DeleteMessage"), moto, f"sqs:{arn}")


def rest(endpoint: str, method: str, path: str, document: object) -> Any:
    """Ask Pub/Sub by its REST interface."""
    headers = {"Content-Type": "application/json"}
    body = json.dumps(document).encode()
    said = request(f"{endpoint}/v1/{path}", method=method, body=body, headers=headers, timeout_seconds=60)
    assert said.status == 200, said.text
    return json.loads(said.body)


@dataclass(frozen=True)
class Project:
    """A topic whose subscription gives messages up to another topic, where one waits for them."""

    endpoint: str
    topic: str
    subscription: str
    dead: str
    waits: str

    @classmethod
    def make(cls, endpoint: str) -> Project:
        """Make it in the emulator."""
        name = uuid4().hex
        made = cls(
            endpoint,
            f"projects/mlops/topics/r{name}",
            f"projects/mlops/subscriptions/r{name}",
            f"projects/mlops/topics/d{name}",
            f"projects/mlops/subscriptions/d{name}",
        )
        for topic, subscription in ((made.topic, made.subscription), (made.dead, made.waits)):
            rest(endpoint, "PUT", topic, {})
            rest(endpoint, "PUT", subscription, {"topic": topic, "ackDeadlineSeconds": 60})
        return made

    def letter(self, text: str, attributes: dict[str, str]) -> None:
        """One message, as Pub/Sub gives it up; the emulator adds no attributes by itself."""
        message = {"data": b64(text), "attributes": {"kind": "report", **attributes}}
        rest(self.endpoint, "POST", f"{self.dead}:publish", {"messages": [message]})

    def pulled(self, subscription: str) -> list[dict[str, Any]]:
        """What waits in a subscription, acknowledged."""
        found: list[dict[str, Any]] = []
        asked = {"maxMessages": 100, "returnImmediately": True}
        while batch := rest(self.endpoint, "POST", f"{subscription}:pull", asked).get("receivedMessages"):
            rest(self.endpoint, "POST", f"{subscription}:acknowledge", {"ackIds": [one["ackId"] for one in batch]})
            found += [one["message"] for one in batch]
        return found


def b64(text: str) -> str:
    """Text in base64."""
    return b64encode(text.encode()).decode()


def pubsub(host: str) -> Place:
    """A dead-letter topic's subscription."""
    endpoint = f"http://{host}"
    project = Project.make(endpoint)

    def put(texts: Sequence[str]) -> None:
        for number, text in enumerate(texts):
            added = {
                "Subscription": project.subscription.rpartition("/")[2],
                "SubscriptionProject": "mlops",
                "DeliveryCount": "5",
                "TopicPublishTime": (START + timedelta(minutes=number)).isoformat(),
            }
            project.letter(text, {f"{ADDED}{name}": value for name, value in added.items()})

    def came() -> list[str]:
        found = project.pulled(project.subscription)
        assert all(message["attributes"] == {"kind": "report"} for message in found)
        return [b64decode(message["data"]).decode() for message in found]

    def open_(through: str = endpoint) -> DeadLetters:
        return PubSubDeadLetters(project.waits, lambda: "owner", endpoint=through)

    sends, removes = _path(f"{project.topic}:publish"), _path(":acknowledge")
    return Place(put, open_, came, sends, removes, endpoint, f"pubsub:{project.waits}")


def event(text: str, **more: object) -> dict[str, Any]:
    """A CloudEvent of ours."""
    about = {"specversion": "1.0", "id": text, "source": "nephoscope", "type": EVENT_TYPE}
    return {**about, "time": START.isoformat(), "data": {"text": text, "share": 1.0}, **more}


def given_up(published: dict[str, Any], number: int) -> dict[str, Any]:
    """What Event Grid makes of it, by https://learn.microsoft.com/azure/event-grid/delivery-and-retry."""
    return {
        **published,
        "deadletterreason": "MaxDeliveryAttemptsExceeded",
        "deliveryattempts": 30,
        "lastdeliveryoutcome": "NotFound",
        "publishtime": f"2026-11-24T06:{number:02}:36.4018726Z",
    }


def container(connection: str) -> Any:
    """A new container."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient.from_connection_string(connection).create_container(f"dead{uuid4().hex}")


def rerouted(connection: str, through: str) -> str:
    """The connection string of a storage that is asked through something else."""
    told = dict(part.split("=", 1) for part in connection.split(";") if part)
    told |= {f"{kind}Endpoint": f"{through}/{AZURE_ACCOUNT}" for kind in ("Blob", "Queue")} if through else {}
    return ";".join(f"{name}={value}" for name, value in told.items())


def service(connection: str, kind: str) -> str:
    """Where a storage answers."""
    return connection.split(f"{kind}Endpoint=")[1].split(f"/{AZURE_ACCOUNT}")[0]


def grid(azurite: str, topic: Recorder) -> Place:
    """Blobs of Event Grid, two events in each; what is published anew reaches a stub of the topic."""
    folder = container(azurite)

    def put(texts: Sequence[str]) -> None:
        events = [given_up(event(text), number) for number, text in enumerate(texts)]
        blobs = [events[start : start + 2] for start in range(0, len(events), 2)]
        for number, blob in reversed(list(enumerate(blobs))):  # names in no order of time
            name = f"NEPHOSCOPE-REPORTS/2026/11/24/6/{9 - number}-{uuid4()}.json"
            folder.upload_blob(name, json.dumps(blob))

    def came() -> list[str]:
        found = [json.loads(body) for *_, body in topic.requests]
        topic.requests.clear()
        assert all(one == event(one["id"]) for one in found)
        return [one["id"] for one in found]

    def open_(through: str = "") -> DeadLetters:
        blobs = connected(rerouted(azurite, through))
        return EventGridDeadLetters(blobs, folder.container_name, "", EventGridTopic(topic.url, lambda: "t"))

    name = f"az://{AZURE_ACCOUNT}/{folder.container_name}"
    return Place(put, open_, came, _method("POST"), _method("DELETE"), service(azurite, "Blob"), name)


def poison(azurite: str) -> Place:
    """A queue that Azure Functions fills."""
    queues = connected(azurite, "Queue")
    name = f"reports-{uuid4().hex}"
    for each in (name, f"{name}-poison"):
        queues.ask("PUT", each, "")

    def put(texts: Sequence[str]) -> None:
        for text in texts:
            message = f"<QueueMessage><MessageText>&lt;{text} &amp;amp;&gt;</MessageText></QueueMessage>"
            queues.ask("POST", f"{name}-poison", "messages", body=message.encode())

    def came() -> list[str]:
        found: list[bytes] = []
        while batch := TEXT.findall(_data(queues.ask("GET", name, "messages", query={"numofmessages": "32"}))):
            found += batch
        return [text.decode() for text in found]

    def open_(through: str = "") -> DeadLetters:
        return PoisonQueue(connected(rerouted(azurite, through), "Queue"), f"{name}-poison")

    where = f"az-queue://{AZURE_ACCOUNT}/{name}-poison"
    return Place(put, open_, came, _method("POST"), _method("DELETE"), service(azurite, "Queue"), where)


def _data(answer: Any) -> bytes:
    return b"" if answer is None else answer.data
