"""Event Grid's and CloudEvents' handshakes, and those who abuse them: D3."""

import json
import socket

import pytest
from nephoscope.payloads.handshake import VALIDATION, reply

TOPIC = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/mlopsdata"
HEADERS = {"Aeg-Event-Type": "SubscriptionValidation"}


def event(topic=TOPIC, **changes):
    """A validation request's event."""
    data = {"validationCode": "512d38b6", "validationUrl": "http://127.0.0.1:9/validate"}
    return {"id": "1", "topic": topic, "eventType": VALIDATION, "data": data} | changes


def ask(method, headers, body):
    """Ask an endpoint that knows one topic and one origin."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply(method, headers, raw, topics=frozenset({TOPIC}), origins=frozenset({"eventgrid.azure.net"}))


@pytest.fixture(autouse=True)
def no_connections(monkeypatch):
    """Nothing here may open a connection; the validationUrl least of all."""
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was opened"))


def test_a_listed_topic_is_answered():
    """The code comes back, for a topic in any case of letters."""
    answer = ask("POST", HEADERS, [event(TOPIC.upper())])
    assert (answer.status, json.loads(answer.body)) == (200, {"validationResponse": "512d38b6"})


def test_a_listed_origin_is_answered():
    """CloudEvents' abuse protection: the origin is allowed by name."""
    answer = ask("OPTIONS", {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "100"}, b"")
    assert answer.headers == {"WebHook-Allowed-Origin": "eventgrid.azure.net", "WebHook-Allowed-Rate": "100"}


ABUSES = {
    "another topic": ("POST", HEADERS, [event("/subscriptions/2")]),
    "a topic that begins alike": ("POST", HEADERS, [event(TOPIC + "2")]),
    "two events in one array": ("POST", HEADERS, [event(), event("/subscriptions/2")]),
    "no event": ("POST", HEADERS, []),
    "no array": ("POST", HEADERS, event()),
    "another type": ("POST", HEADERS, [event(eventType="Microsoft.Storage.BlobCreated")]),
    "no code": ("POST", HEADERS, [event(data={"validationUrl": "http://127.0.0.1:9/"})]),
    "no JSON": ("POST", HEADERS, b"{"),
    "another origin": ("OPTIONS", {"WebHook-Request-Origin": "evil.example"}, b""),
    "no origin": ("OPTIONS", {}, b""),
}


@pytest.mark.parametrize("abuse", ABUSES.values(), ids=ABUSES)
def test_nobody_else_is(abuse):
    """Each is a 4xx, and no connection goes out."""
    assert 400 <= ask(*abuse).status < 500


def test_an_event_is_no_handshake():
    """What is none is left to the handler."""
    assert ask("POST", {"aeg-event-type": "Notification"}, [event()]) is None
