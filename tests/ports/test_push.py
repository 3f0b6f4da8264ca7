"""Pushes of Pub/Sub: the one who may push comes in, and thirteen who may not do not (D1)."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import Unauthorised

jwt = pytest.importorskip("jwt")
pytest.importorskip("google.auth")

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from nephoscope.adapters.gcp.push import PushTokens  # noqa: E402
from nephoscope.wiring.push import Door  # noqa: E402

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
AUDIENCE = "https://notify.example/"
ACCOUNT = "pusher@mlops.iam.gserviceaccount.com"
SUBSCRIPTION = "projects/mlops/subscriptions/reports"
BODY = {
    "message": {"data": "e30=", "messageId": "1", "publishTime": "2025-01-31T06:00:00Z"},
    "subscription": SUBSCRIPTION,
}


def token(*, key=KEY, kid="1", algorithm="RS256", **claims):
    """A token as Pub/Sub makes it, good unless something is changed."""
    now = int(time.time())
    good = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True}
    good |= {"sub": "1", "azp": "1", "iat": now - 1_800, "exp": now + 1_800}
    return jwt.encode(good | claims, key if algorithm != "none" else None, algorithm=algorithm, headers={"kid": kid})


def signed_with_the_public_key():
    """HS256 over what everybody knows: a verifier that lets the token choose the algorithm takes it."""
    head, claims, _ = token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "1"}).encode()).rstrip(b"=").decode()
    signature = hmac.new(PUBLIC, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def now():
    """Seconds since 1970."""
    return int(time.time())


FORGERIES = {
    "no token": lambda: "",
    "no signature": lambda: f"Bearer {token(algorithm='none')}",
    "HS256 with the public key": lambda: f"Bearer {signed_with_the_public_key()}",
    "another key": lambda: f"Bearer {token(key=OTHER_KEY)}",
    "an unknown key": lambda: f"Bearer {token(kid='2')}",
    "another audience": lambda: f"Bearer {token(aud='https://elsewhere.example/')}",
    "another issuer": lambda: f"Bearer {token(iss='https://evil.example')}",
    "another account": lambda: f"Bearer {token(email='evil@evil.iam.gserviceaccount.com')}",
    "an address that is not verified": lambda: f"Bearer {token(email_verified=False)}",
    "expired": lambda: f"Bearer {token(iat=now() - 7_200, exp=now() - 120)}",
    "from the future": lambda: f"Bearer {token(iat=now() + 300, exp=now() + 3_600)}",
    "cut": lambda: f"Bearer {token()[:-20]}",
    "nested": lambda: f"Bearer {base64.urlsafe_b64encode(b'[' * 1_200).decode()}.e30.e30",
}


class Taken:
    """A function that only counts what is taken in."""

    events = ()
    turned_away = ""

    def __init__(self):
        self.clock = FixedClock(datetime.now(UTC))

    def take_in(self, read):
        """Count."""
        self.events = (*self.events, *read())

    def turn_away(self, error):
        """Keep the reason."""
        self.turned_away = str(error)


@pytest.fixture
def door(monkeypatch):
    """The hub's door, with Google's certificates replaced by our own."""
    monkeypatch.setenv("NEPHOSCOPE_PUSH_SUBSCRIPTIONS", SUBSCRIPTION)
    made = Door(Taken())
    clock = made.function.clock
    made.__dict__["tokens"] = PushTokens(AUDIENCE, frozenset({ACCOUNT}), lambda: {"1": PUBLIC.decode()}, clock)
    return made


def push(door, authorization, body=BODY):
    """Push, as Pub/Sub does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.push({"Authorization": authorization} if authorization else {}, raw)


def test_the_one_who_may_push_comes_in(door):
    """A token of half an hour is good, again and again."""
    assert [push(door, f"Bearer {token()}") for _ in range(2)] == [204, 204]
    assert [event.body for event in door.function.events] == [b"{}", b"{}"]


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_nobody_else_does(door, forgery):
    """401, with its reason in the log, and nothing is taken in."""
    assert push(door, forgery()) == 401
    assert door.function.turned_away
    assert door.function.events == ()


def test_another_subscription_does_not(door):
    """The right account from the wrong subscription: 401."""
    assert push(door, f"Bearer {token()}", BODY | {"subscription": "projects/evil/subscriptions/s"}) == 401


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 200_000, b'{"message": 1}', b"\xff"], ids=["cut", "deep", "shape", "bytes"]
)
def test_a_broken_body_is_refused(door, body):
    """400 to one who may push, with its reason in the log; nothing is taken in."""
    assert push(door, f"Bearer {token()}", body) == 400
    assert door.function.turned_away
    assert door.function.events == ()


def test_forged_keys_do_not_make_it_ask():
    """Whatever keys a hundred tokens name, Google is asked once a minute; a key that is new by then is known."""
    asked, clock = [], FixedClock(datetime.now(UTC))
    known = {"1": PUBLIC.decode()}

    def certificates():
        asked.append(clock.now())
        return dict(known)

    tokens = PushTokens(AUDIENCE, frozenset({ACCOUNT}), certificates, clock)
    for number in range(100):
        with pytest.raises(Unauthorised):
            tokens.verify(f"Bearer {token(kid=f'forged {number}')}")
    assert len(asked) == 1
    known["new"] = PUBLIC.decode()
    clock.at += timedelta(minutes=1)
    tokens.verify(f"Bearer {token(kid='new')}")
    assert len(asked) == 2


def test_without_its_variables_nobody_comes_in(monkeypatch):
    """A door that was not set up is shut."""
    for name in ("AUDIENCE", "ACCOUNTS", "SUBSCRIPTIONS"):
        monkeypatch.delenv(f"NEPHOSCOPE_PUSH_{name}", raising=False)
    made = Door(Taken())
    made.tokens._known = {"1": PUBLIC.decode()}
    assert push(made, f"Bearer {token(aud='')}") == 401
