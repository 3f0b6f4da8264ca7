"""Azure's HTTP entry point: handshakes of whom the deployment lists, posts of Event Grid, and nobody else (D1, D3)."""

import base64
import hashlib
import hmac
import importlib.util
import json
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import Transient
from nephoscope.payloads.handshake import VALIDATION
from nephoscope.wiring.push import GridDoor

func = pytest.importorskip("azure.functions")
jwt = pytest.importorskip("jwt")

from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from jwt.algorithms import RSAAlgorithm  # noqa: E402
from nephoscope.adapters.azure.posts import EVENT_GRID, EntraTokens  # noqa: E402

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
TENANT, AUDIENCE = "72f988bf-0000-0000-0000-000000000000", "api://nephoscope"
APP = Path(__file__).parent.parent.parent / "functions" / "azure" / "function_app.py"
TOPIC = "/subscriptions/1/resourceGroups/g/providers/Microsoft.EventGrid/topics/nephoscope"
ORIGIN = "eventgrid.azure.net"
HANDSHAKE = {"aeg-event-type": "SubscriptionValidation"}
POSTED = {"aeg-event-type": "Notification", "Content-Type": "application/cloudevents+json"}
REPORT = {"specversion": "1.0", "id": "1-1", "source": "aws", "type": "x", "time": "2025-01-31T06:00:00Z", "data": {}}


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """One topic and one origin are listed."""
    monkeypatch.setenv("NEPHOSCOPE_GRID_TOPICS", TOPIC)
    monkeypatch.setenv("NEPHOSCOPE_GRID_ORIGINS", ORIGIN)


@pytest.fixture
def unconnected(monkeypatch):
    """Nothing may open a connection."""
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


@pytest.mark.usefixtures("unconnected")
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


@pytest.mark.usefixtures("unconnected")
@pytest.mark.parametrize("abuse", ABUSES.values(), ids=ABUSES)
def test_nobody_else_is(entry_point, abuse):
    """Each is a 4xx, and no connection goes out."""
    assert 400 <= call(entry_point, *abuse).status_code < 500


class Taken:
    """A function that only keeps what is taken in."""

    clock = FixedClock
    events = ()
    turned_away = ""

    def take_in(self, read):
        """Keep."""
        self.events = (*self.events, *read())

    def turn_away(self, error):
        """Keep the reason."""
        self.turned_away = str(error)


@pytest.fixture
def door(recorder, clock):
    """A door whose tenant's keys are ours."""
    public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "1", "use": "sig"}
    recorder.answer = lambda *_: (200, {}, json.dumps({"keys": [public]}).encode())
    made = GridDoor(Taken())
    senders = frozenset({EVENT_GRID})
    made.__dict__["tokens"] = EntraTokens(TENANT, AUDIENCE, senders, clock, authority=recorder.url)
    return made


def token(*, key=KEY, kid="1", algorithm="RS256", **claims):
    """A token as Entra ID makes it for Event Grid, good unless something is changed."""
    now = int(time.time())
    good = {"iss": f"https://sts.windows.net/{TENANT}/", "aud": AUDIENCE, "appid": EVENT_GRID, "tid": TENANT}
    good |= {"iat": now - 1_800, "nbf": now - 1_800, "exp": now + 1_800}
    claims = {name: value for name, value in (good | claims).items() if value is not None}
    return jwt.encode(claims, key if algorithm != "none" else None, algorithm=algorithm, headers={"kid": kid})


def signed_with_the_public_key():
    """HS256 over what everybody knows: a verifier that lets the token choose the algorithm takes it."""
    head, claims, _ = token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "1"}).encode()).rstrip(b"=").decode()
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = hmac.new(public, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def shown(bearer):
    """A post's headers."""
    return POSTED | {"authorization": f"Bearer {bearer}"}


FORGERIES = {
    "no token": lambda: POSTED,
    "no signature": lambda: shown(token(algorithm="none")),
    "HS256 with the public key": lambda: shown(signed_with_the_public_key()),
    "another key": lambda: shown(token(key=OTHER_KEY)),
    "an unknown key": lambda: shown(token(kid="2")),
    "another audience": lambda: shown(token(aud="api://elsewhere")),
    "no audience": lambda: shown(token(aud=None)),
    "another tenant": lambda: shown(token(iss="https://sts.windows.net/evil/")),
    "another application": lambda: shown(token(appid="evil")),
    "expired": lambda: shown(token(exp=int(time.time()) - 120)),
    "without an end": lambda: shown(token(exp=None)),
    "from the future": lambda: shown(token(iat=int(time.time()) + 300, nbf=int(time.time()) + 300)),
    "cut": lambda: shown(token()[:-20]),
    "another scheme": lambda: POSTED | {"Authorization": f"Basic {token()}"},
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_nobody_posts_but_event_grid(door, forgery):
    """401, with its reason in the log, and nothing is taken in."""
    assert door.post("POST", forgery(), json.dumps(REPORT).encode()).status == 401
    assert door.function.turned_away
    assert door.function.events == ()


@pytest.mark.parametrize(
    "claims",
    [{}, {"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0", "appid": None, "azp": EVENT_GRID}],
    ids=["v1", "v2"],
)
def test_a_posted_report_is_taken_in_as_it_came(door, recorder, claims):
    """204; what Event Grid delivers again is the same Event, and the tenant's keys are asked for once."""
    body = json.dumps(REPORT).encode()
    assert [door.post("POST", shown(token(**claims)), body).status for _ in range(2)] == [204, 204]
    assert [event.body for event in door.function.events] == [body, body]
    assert len({event.id for event in door.function.events}) == 1
    assert [path for _, path, _, _ in recorder.requests] == [f"/{TENANT}/discovery/v2.0/keys"]


def test_forged_keys_do_not_make_it_ask(door, recorder, clock):
    """Whatever keys a hundred tokens name, the tenant is asked once a minute; a key that is new by then is known."""
    body = json.dumps(REPORT).encode()
    assert {door.post("POST", shown(token(kid=f"forged {n}")), body).status for n in range(100)} == {401}
    assert len(recorder.requests) == 1
    public = json.loads(RSAAlgorithm.to_jwk(OTHER_KEY.public_key())) | {"kid": "new", "use": "sig"}
    recorder.answer = lambda *_: (200, {}, json.dumps({"keys": [public]}).encode())
    clock.at += timedelta(minutes=1)
    assert door.post("POST", shown(token(key=OTHER_KEY, kid="new")), body).status == 204
    assert len(recorder.requests) == 2


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 200_000, b"{}", b"[]", b"\xff"], ids=["cut", "deep", "empty", "list", "bytes"]
)
def test_a_broken_post_is_refused(door, body):
    """400, and with its reason in the log, and nothing is taken in."""
    assert door.post("POST", shown(token()), body).status == 400
    assert door.function.turned_away
    assert door.function.events == ()


@pytest.mark.parametrize("answer", [(500, {}, b""), (200, {}, b"<html>"), (200, {}, b"{}"), (200, {}, b'{"keys": 1}')])
def test_keys_that_do_not_come_are_asked_for_again(door, recorder, answer):
    """Without the tenant's keys nobody can be told from anybody: Event Grid posts again."""
    recorder.answer = lambda *_: answer
    with pytest.raises(Transient):
        door.post("POST", shown(token()), json.dumps(REPORT).encode())
    assert door.function.events == ()


@pytest.mark.usefixtures("unconnected")
@pytest.mark.parametrize("missing", ["NEPHOSCOPE_GRID_TENANT", "NEPHOSCOPE_GRID_AUDIENCE"])
def test_a_door_that_was_not_set_up_is_shut(monkeypatch, missing):
    """Where the deployment does not say whose tokens count, nobody's do."""
    monkeypatch.setenv("NEPHOSCOPE_GRID_TENANT", TENANT)
    monkeypatch.setenv("NEPHOSCOPE_GRID_AUDIENCE", AUDIENCE)
    monkeypatch.delenv(missing)
    assert GridDoor(Taken()).post("POST", shown(token()), json.dumps(REPORT).encode()).status == 401
