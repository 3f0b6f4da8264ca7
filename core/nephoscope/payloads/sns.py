"""
What SNS posts by HTTP: whether it speaks of a topic of ours, is not old, and what its signature has to be of. Pure.

Anybody may post anything, so that nothing counts before the signature does, and the place of its certificate is held
against one pattern as a whole: a host that merely ends in amazonaws.com may be anybody's bucket. `SubscribeURL` is a
URL that a stranger names: it is never fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct, field

from nephoscope.errors import BadPayload, Unauthorised
from nephoscope.events import MessageReceived
from nephoscope.payloads import aws
from nephoscope.payloads.reading import DO, Ignored, document, has, shaped, utc, utf8

CERTIFICATE = re.compile(
    r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/SimpleNotificationService-[A-Za-z0-9]+\.pem", re.ASCII
)
OLDEST = timedelta(hours=1)
SKEW = timedelta(minutes=1)

# "The name-value pairs, in byte-sort order": Amazon SNS, Verifying the signatures of messages.
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    "Notification": NOTIFICATION,
    "SubscriptionConfirmation": CONFIRMATION,
    "UnsubscribeConfirmation": CONFIRMATION,
}


class _Post(Struct):
    type: str = field(name="Type")
    topic: str = field(name="TopicArn")
    time: str = field(name="Timestamp")
    version: str = field(name="SignatureVersion")
    signature: str = field(name="Signature")
    certificate: str = field(name="SigningCertURL")


@dataclass(frozen=True, slots=True)
class Posted:
    """A post that may be SNS' own: it is, where the certificate's key made the signature of the text."""

    certificate: str  # where SNS keeps it
    text: bytes
    signature: bytes
    payload: Mapping[str, str]

    def read(self) -> MessageReceived | Ignored:
        """
        Read what was posted; only once its signature is known to be good.

        Raises:
            BadPayload: It is no message.
        """
        kind = self.payload["Type"]
        if kind != "Notification":
            return Ignored(f"{kind} of {self.payload['TopicArn']}")
        return aws.message_received({"Sns": self.payload})


def posted(body: bytes, *, topics: frozenset[str], now: datetime) -> Posted:
    """
    Read a post as far as it can be trusted before its signature is.

    Args:
        body: The request's body.
        topics: The ARNs of the topics that may speak to us.
        now: The time.

    Raises:
        BadPayload: It is no message of SNS.
        Unauthorised: It is none of our topics', is too old, or names a certificate that is not SNS'.
    """
    payload = document(body)
    post = shaped(payload, _Post, "message of SNS")
    names = SIGNED.get(post.type, ())
    if post.topic not in topics:
        raise _refused("a topic that is not ours")
    if not names or post.version != "2":
        raise _refused("another type, or another signature version than 2")
    if CERTIFICATE.fullmatch(post.certificate) is None:
        raise _refused("a certificate from somewhere else")
    if not now - OLDEST <= utc(post.time) <= now + SKEW:
        raise _refused(f"a time more than {OLDEST} ago, or yet to come")
    fields = {name: payload[name] for name in names if has(payload, name) and payload[name] is not None}
    missing = [name for name in names if name not in fields and name != "Subject"]
    if missing or not all(isinstance(value, str) for value in fields.values()):
        raise BadPayload(f"A message of SNS lacks {', '.join(missing) or 'texts'}.", do=DO)
    text = "".join(f"{name}\n{value}\n" for name, value in fields.items())
    try:
        signature = base64.b64decode(post.signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("a signature that is no base64") from error
    return Posted(post.certificate, utf8(text), signature, fields)


def _refused(why: str) -> Unauthorised:
    return Unauthorised(f"A post came with {why}.", do="subscribe this endpoint to the topic that is configured")
