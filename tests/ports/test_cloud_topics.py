"""What every cloud's Topic promises: returning means that the topic has the message, whole, with its attributes."""

import base64
import json
from uuid import uuid4

import pytest
from nephoscope.errors import Transient

BODY = json.dumps({"specversion": "1.0", "id": "1/1", "data": {"reason": "é 😀 \u2028 <&>", "value": 0.2775}}).encode()
ATTRIBUTES = {"id": "0123", "correlationid": "abcd"}


@pytest.fixture(params=["aws", "azure", "gcp"])
def topic(request, clouds):
    """A topic and a way to take what was published to it."""
    if request.param not in clouds:
        pytest.skip(f"not among --clouds: {request.param}")
    return TOPICS[request.param](request)


def _sns(request):
    boto3 = pytest.importorskip("boto3")
    from botocore.credentials import Credentials
    from nephoscope.adapters.aws.topic import SnsTopic

    endpoint = request.getfixturevalue("moto")
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-central-1"}
    sqs = boto3.client("sqs", endpoint_url=endpoint, **keys)
    sns = boto3.client("sns", endpoint_url=endpoint, **keys)
    queue = sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]
    arn = sns.create_topic(Name=uuid4().hex)["TopicArn"]
    place = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=place, Attributes=raw)

    def take():
        asked = {"QueueUrl": queue, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 5}
        [message] = sqs.receive_message(**asked)["Messages"]
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        return message["Body"].encode(), attributes

    credentials = Credentials("testing", "testing", "testing")
    return lambda at="": SnsTopic(arn, lambda: credentials, endpoint=f"{at or endpoint}/"), take


def _pubsub(request):
    from nephoscope.adapters.gcp.topic import PubSubTopic
    from nephoscope.adapters.https import request as ask

    root = f"http://{request.getfixturevalue('pubsub')}"
    name, subscription = f"projects/mlops/topics/t{uuid4().hex}", f"projects/mlops/subscriptions/s{uuid4().hex}"

    def call(method, path, document):
        headers = {"Content-Type": "application/json"}
        return json.loads(
            ask(f"{root}/v1/{path}", method=method, body=json.dumps(document).encode(), headers=headers).body
        )

    call("PUT", name, {})
    call("PUT", subscription, {"topic": name})

    def take():
        [received] = call("POST", f"{subscription}:pull", {"maxMessages": 1})["receivedMessages"]
        return base64.b64decode(received["message"]["data"]), received["message"]["attributes"]

    return lambda at="": PubSubTopic(name, lambda: "owner", endpoint=at or root), take


def _event_grid(request):
    pytest.importorskip("azure.core")
    from nephoscope.adapters.azure.topic import EventGridTopic

    recorder = request.getfixturevalue("recorder")

    def take():
        method, path, headers, body = recorder.requests[-1]
        assert (method, path) == ("POST", "/api/events?api-version=2018-01-01")
        assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
        assert headers["Authorization"] == "Bearer token"
        return body, ATTRIBUTES  # the CloudEvent has them

    return lambda at="": EventGridTopic(f"{at or recorder.url}/api/events", lambda: "token"), take


TOPICS = {"aws": _sns, "azure": _event_grid, "gcp": _pubsub}


def test_a_message_arrives_as_it_was_published(topic):
    """Byte for byte, with what was attached."""
    make, take = topic
    make().publish(BODY, attributes=ATTRIBUTES)
    assert take() == (BODY, ATTRIBUTES)


def test_sixty_kilobytes_arrive(topic):
    """The largest part of a Report fits every topic."""
    make, take = topic
    body = json.dumps({"data": "x" * 61_000}).encode()
    make().publish(body, attributes=ATTRIBUTES)
    assert take()[0] == body


def test_a_topic_that_does_not_answer_is_transient(topic):
    """Nobody listens: the Event is delivered again."""
    make, _ = topic
    with pytest.raises(Transient, match="does not answer"):
        make("http://127.0.0.1:9").publish(BODY, attributes=ATTRIBUTES)


@pytest.mark.parametrize(
    "answer",
    [
        (429, {"Retry-After": "7"}, b"slow down"),
        (403, {}, b"not you"),
        (500, {}, b""),
        (302, {"Location": "http://127.0.0.1:9/"}, b""),
        (400, {}, b"malformed"),
    ],
    ids=lambda answer: str(answer[0]),
)
def test_any_other_answer_is_transient(topic, recorder, answer):
    """What was not taken is kept and sent again; a wait is respected, a redirect is not followed."""
    make, _ = topic
    recorder.answers.append(answer)
    with pytest.raises(Transient, match=str(answer[0])) as caught:
        make(recorder.url).publish(BODY, attributes=ATTRIBUTES)
    assert caught.value.retry_after_seconds == (7 if answer[0] == 429 else None)


def test_a_topic_that_is_there_says_so(topic):
    """Whoever checks a deployment hears that the topic is there and, where the service tells, that somebody listens."""
    make, _ = topic
    assert make().look().startswith(("it is there; ", "its address answers"))


@pytest.mark.parametrize("service", ["aws", "gcp"])
def test_a_topic_that_nobody_listens_to_is_told(recorder, service):
    """Reports would be published to nobody: a topic without a subscription is not well."""
    answers = {"aws": b"<member><SubscriptionArn>PendingConfirmation</SubscriptionArn></member>", "gcp": b"{}"}
    recorder.answers.append((200, {}, answers[service]))
    with pytest.raises(Transient, match="subscription"):
        _asked_after(service, recorder.url).look()


@pytest.mark.parametrize("service", ["aws", "azure", "gcp"])
@pytest.mark.parametrize("at", ["", "http://127.0.0.1:9"], ids=["error", "nobody"])
def test_a_topic_that_cannot_be_asked_is_not_well(recorder, service, at):
    """An error, or nobody at its address, never reads as a topic that is there."""
    recorder.answers.append((503, {}, b"away"))
    with pytest.raises(Transient):
        _asked_after(service, at or recorder.url).look()


def _asked_after(service, url):
    pytest.importorskip("botocore")
    from botocore.credentials import Credentials
    from nephoscope.adapters.aws.topic import SnsTopic
    from nephoscope.adapters.azure.topic import EventGridTopic
    from nephoscope.adapters.gcp.topic import PubSubTopic

    signer = Credentials("testing", "testing", "testing")
    return {
        "aws": lambda: SnsTopic("arn:aws:sns:eu-central-1:1:t", lambda: signer, endpoint=f"{url}/"),
        "azure": lambda: EventGridTopic(f"{url}/api/events", lambda: "token"),
        "gcp": lambda: PubSubTopic("projects/p/topics/t", lambda: "token", endpoint=url),
    }[service]()
