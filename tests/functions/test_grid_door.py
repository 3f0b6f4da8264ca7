"""Azure's HTTP entry point: handshakes of whom the deployment lists, Reports as CloudEvents, and nobody else (D3)."""

import importlib.util
import json
import socket
from pathlib import Path

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import BadPayload
from nephoscope.payloads.handshake import VALIDATION
from nephoscope.wiring.push import GridDoor

func = pytest.importorskip("azure.functions")
APP = Path(__file__).parent.parent.parent / "functions" / "azure" / "function_app.py"
TOPIC = "/subscriptions/1/resourceGroups/g/providers/Microsoft.EventGrid/topics/nephoscope"
ORIGIN = "eventgrid.azure.net"
HANDSHAKE = {"aeg-event-type": "SubscriptionValidation"}
POSTED = {"aeg-event-type": "Notification", "Content-Type": "application/cloudevents+json"}
REPORT = {"specversion": "1.0", "id": "1-1", "source": "aws", "type": "x", "time": "2025-01-31T06:00:00Z", "data": {}}


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """One topic and one origin are listed; and nothing here may open a connection."""
    monkeypatch.setenv("NEPHOSCOPE_GRID_TOPICS", TOPIC)
    monkeypatch.setenv("NEPHOSCOPE_GRID_ORIGINS", ORIGIN)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was opened"))


@pytest.fixture(scope="module")
def entry_point():
    """The handler's function, as the host finds and calls it."""
    spec = importlib.util.spec_from_file_location("function_app_under_test", APP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    [found] = [one for one in module.app.get_functions() if one.get_function_name() == "notify_on_post"]
    return found.get_user_function()


def call(entry_point, method, headers, body):
    """Call as the host does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return entry_point(func.HttpRequest(method=method, url="/api/reports", headers=headers, body=raw))


def validation(topic=TOPIC, **changes):
    """A validation request's event."""
    data = {"validationCode": "512d38b6", "validationUrl": "http://127.0.0.1:9/validate"}
    return {"id": "1", "topic": topic, "eventType": VALIDATION, "data": data} | changes


def test_who_is_listed_is_answered(entry_point):
    """The code comes back, and the origin is allowed by name."""
    answer = call(entry_point, "POST", HANDSHAKE, [validation()])
    assert (answer.status_code, json.loads(answer.get_body())) == (200, {"validationResponse": "512d38b6"})
    answer = call(entry_point, "OPTIONS", {"WebHook-Request-Origin": ORIGIN}, b"")
    assert (answer.status_code, answer.headers["WebHook-Allowed-Origin"]) == (200, ORIGIN)


ABUSES = {
    "another topic": ("POST", HANDSHAKE, [validation("/subscriptions/2")]),
    "a topic that begins alike": ("POST", HANDSHAKE, [validation(TOPIC + "2")]),
    "two events in one array": ("POST", HANDSHAKE, [validation(), validation("/subscriptions/2")]),
    "no event": ("POST", HANDSHAKE, []),
    "no array": ("POST", HANDSHAKE, validation()),
    "another type": ("POST", HANDSHAKE, [validation(eventType="Microsoft.Storage.BlobCreated")]),
    "a URL instead of a code": ("POST", HANDSHAKE, [validation(data={"validationUrl": "http://127.0.0.1:9/"})]),
    "no JSON": ("POST", HANDSHAKE, b"{"),
    "another origin": ("OPTIONS", {"WebHook-Request-Origin": "evil.example"}, b""),
    "no origin": ("OPTIONS", {}, b""),
}


@pytest.mark.parametrize("abuse", ABUSES.values(), ids=ABUSES)
def test_nobody_else_is(entry_point, abuse):
    """Each is a 4xx, and no connection goes out."""
    assert 400 <= call(entry_point, *abuse).status_code < 500


class Taken:
    """A function that only keeps what is taken in."""

    clock = FixedClock
    events = ()

    def take_in(self, read):
        """Keep."""
        self.events = (*self.events, *read())


def test_a_posted_report_is_taken_in_as_it_came():
    """204; what Event Grid delivers again is the same Event."""
    door, body = GridDoor(Taken()), json.dumps(REPORT).encode()
    assert [door.post("POST", POSTED, body).status for _ in range(2)] == [204, 204]
    assert [event.body for event in door.function.events] == [body, body]
    assert len({event.id for event in door.function.events}) == 1


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 200_000, b"{}", b"[]", b"\xff"], ids=["cut", "deep", "empty", "list", "bytes"]
)
def test_a_broken_post_is_refused(body):
    """400, and nothing is taken in but the reason."""
    door = GridDoor(Taken())
    assert door.post("POST", POSTED, body).status == 400
    [reason] = door.function.events
    assert isinstance(reason, BadPayload)


def test_a_door_that_was_not_set_up_is_shut(monkeypatch):
    """Where the deployment lists nobody, nobody comes in."""
    monkeypatch.delenv("NEPHOSCOPE_GRID_TOPICS")
    monkeypatch.delenv("NEPHOSCOPE_GRID_ORIGINS")
    assert GridDoor(Taken()).post("POST", POSTED, json.dumps(REPORT).encode()).status == 401
