"""Posts of SNS by HTTP: what SNS signed comes in, and twenty-three posts of others do not (D2)."""

import base64
import datetime as dt
import json

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.events import MessageReceived
from nephoscope.payloads.reading import Ignored

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from nephoscope.adapters.aws.signing import SnsSignatures
from nephoscope.wiring.push import SnsDoor

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
NOW = dt.datetime(2025, 1, 31, 6, 0, tzinfo=dt.UTC)
TOPIC = "arn:aws:sns:eu-central-1:123456789012:nephoscope"
URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
GOOD = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Message": '{"specversion":"1.0"}',
    "Timestamp": "2025-01-31T05:59:58.123Z",
    "SignatureVersion": "2",
    "SigningCertURL": URL,
    "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
}
CONFIRMATION = GOOD | {
    "Type": "SubscriptionConfirmation",
    "Token": "2336412f37",
    "SubscribeURL": "http://127.0.0.1:9/?Action=ConfirmSubscription",
}


def certificate():
    """What SNS keeps at its URL."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    day = dt.timedelta(days=1)
    built = x509.CertificateBuilder(name, name, KEY.public_key(), 1, NOW - day, NOW + day).sign(KEY, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.PEM)


CERTIFICATE = certificate()


def signed(post, *, key=KEY, digest=None):
    """A post with SNS' signature of what it says."""
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if post["Type"] == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    text = "".join(f"{name}\n{post[name]}\n" for name in names if name in post)
    made = key.sign(text.encode(), padding.PKCS1v15(), digest or hashes.SHA256())
    return post | {"Signature": base64.b64encode(made).decode()}


class Taken:
    """A function that only keeps what is taken in."""

    clock = FixedClock(NOW)
    events = ()
    turned_away = ""

    def take_in(self, read):
        """Keep."""
        self.events = (*self.events, *read())

    def turn_away(self, error):
        """Keep the reason."""
        self.turned_away = str(error)


@pytest.fixture
def asked():
    """The certificates that were asked for."""
    return []


@pytest.fixture
def door(monkeypatch, asked):
    """The hub's door, with our own certificate where SNS' is."""
    monkeypatch.setenv("NEPHOSCOPE_SNS_TOPICS", TOPIC)
    made = SnsDoor(Taken())
    made.__dict__["signatures"] = SnsSignatures(lambda url: asked.append(url) or CERTIFICATE)
    return made


def post(door, message):
    """Post, as SNS does."""
    return door.post(message if isinstance(message, bytes) else json.dumps(message).encode())


def test_what_sns_signed_comes_in(door, asked):
    """A message, with or without a subject, is taken in as it was published; the certificate is asked for once."""
    assert [post(door, signed(GOOD)), post(door, signed(GOOD | {"Subject": "drift"}))] == [204, 204]
    assert [event.body for event in door.function.events] == [b'{"specversion":"1.0"}'] * 2
    assert all(isinstance(event, MessageReceived) for event in door.function.events)
    assert asked == [URL]


def test_nobody_is_confirmed_from_here(door, asked):
    """A subscription's confirmation is noted; the URL that it names is never fetched."""
    assert post(door, signed(CONFIRMATION)) == 204
    assert door.function.events == (Ignored(f"SubscriptionConfirmation of {TOPIC}"),)
    assert asked == [URL]


PEM = "/SimpleNotificationService-9c64.pem"
URLS = {
    "a bucket": f"https://s3.amazonaws.com{PEM}",
    "a bucket named sns": f"https://sns.s3.amazonaws.com.evil.example{PEM}",
    "a bucket of a region": f"https://sns.eu-central-1.s3.amazonaws.com{PEM}",
    "no TLS": f"http://sns.eu-central-1.amazonaws.com{PEM}",
    "a user": f"https://sns.eu-central-1.amazonaws.com@evil.example{PEM}",
    "a port": f"https://sns.eu-central-1.amazonaws.com:8443{PEM}",
    "another path": "https://sns.eu-central-1.amazonaws.com/evil.pem",
    "an encoded slash": "https://sns.eu-central-1.amazonaws.com%2fevil.example" + PEM,
    "upper case": f"https://SNS.eu-central-1.amazonaws.com{PEM}",
    "a dot at the end": f"https://sns.eu-central-1.amazonaws.com.{PEM}",
    "letters that look alike": f"https://sns.eu-central-1.am\u0430zonaws.com{PEM}",
    "a query": f"https://sns.eu-central-1.amazonaws.com{PEM}?x=.pem",
    "another line": f"https://sns.eu-central-1.amazonaws.com{PEM}\n",
    "a way up": "https://sns.eu-central-1.amazonaws.com/../SimpleNotificationService-9c64.pem",
    "a file": "file:///SimpleNotificationService-9c64.pem",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_a_certificate_from_elsewhere_is_never_asked_for(door, asked, url):
    """401, nothing is taken in and nothing is fetched, though the signature is good."""
    assert post(door, signed(GOOD | {"SigningCertURL": url})) == 401
    assert (door.function.events, asked) == ((), [])


FORGERIES = {
    "another key": signed(GOOD, key=OTHER_KEY),
    "SHA-1": signed(GOOD, digest=hashes.SHA1()),
    "signature version 1": signed(GOOD | {"SignatureVersion": "1"}),
    "another message": signed(GOOD) | {"Message": "{}"},
    "another topic": signed(GOOD | {"TopicArn": TOPIC + "2"}),
    "an old one": signed(GOOD | {"Timestamp": "2025-01-31T04:59:59Z"}),
    "one from the future": signed(GOOD | {"Timestamp": "2025-01-31T06:02:00Z"}),
    "a signature that is none": signed(GOOD) | {"Signature": "\u00e9"},
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_nobody_else_comes_in(door, forgery):
    """401, with its reason in the log, and nothing is taken in."""
    assert post(door, forgery) == 401
    assert door.function.turned_away
    assert door.function.events == ()


BROKEN = {
    "cut": b"{",
    "deep": b"[" * 200_000,
    "no message": b"{}",
    "a number for a text": json.dumps(signed(GOOD) | {"MessageId": 1}).encode(),
    "no time": json.dumps(signed(GOOD) | {"Timestamp": "yesterday"}).encode(),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_post_is_refused(door, body):
    """400, and with its reason in the log, and nothing is taken in."""
    assert post(door, body) == 400
    assert door.function.turned_away
    assert door.function.events == ()


def test_a_door_that_was_not_set_up_is_shut(door, monkeypatch):
    """Without a list of topics nobody comes in."""
    monkeypatch.delenv("NEPHOSCOPE_SNS_TOPICS")
    assert post(door, signed(GOOD)) == 401
