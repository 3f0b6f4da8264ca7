"""A dead-letter topic's subscription: each letter goes to the topic it came from, and only then is acknowledged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec
from urllib3.exceptions import HTTPError

from nephoscope.adapters.gcp.topic import ENDPOINT
from nephoscope.adapters.https import Answer, accepted
from nephoscope.adapters.pooled import Connections, why
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient
from nephoscope.ports import MOST_LETTERS, DeadLetter, Waiting

ADDED = "CloudPubSubDeadLetterSource"  # what Pub/Sub's own attributes of a dead letter begin with
DELETED = "_deleted-topic_"
BATCH = 100
EMPTY_PULLS = 3  # one empty answer does not mean that nothing waits
UNKNOWN = "Pub/Sub does not say why"

T = TypeVar("T")


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str
    publish_time: datetime
    data: str = ""
    attributes: dict[str, str] = {}
    ordering_key: str = ""


class _Received(msgspec.Struct, frozen=True, rename="camel"):
    ack_id: str
    message: _Message


class _Pulled(msgspec.Struct, rename="camel"):
    received_messages: list[_Received] = []


class _Subscription(msgspec.Struct):
    topic: str


@dataclass(frozen=True, slots=True)
class _Bound:
    """A letter, and the topic it goes to."""

    received: _Received
    topic: str


class PubSubDeadLetters:
    """A subscription by its full name; `token` is asked anew for each request."""

    def __init__(self, name: str, token: Callable[[], str], *, endpoint: str = ENDPOINT) -> None:
        self._name = name
        self._token = token
        self._endpoint = endpoint
        self._connections = Connections()
        self._topics: dict[str, str] = {}

    def waiting(self) -> Waiting:
        """What waits now, oldest first, kept from others until the subscription's deadline."""
        letters, staying = [], []
        for received in self._pulled():
            source = _source(received.message.attributes)
            topic = self._topic(source) if source else ""
            if topic:
                letters.append(_letter(received, topic))
            else:
                staying.append((received, _why(source)))
        self._held_for(0, [received for received, _ in staying])
        letters.sort(key=lambda letter: letter.published_at)
        return Waiting(tuple(letters), Counter(why for _, why in staying))

    def redrive(self, letter: DeadLetter) -> None:
        """Publish it anew, then acknowledge it: a death between the two publishes it twice."""
        bound: _Bound = letter.handle
        message = bound.received.message
        own = {name: value for name, value in message.attributes.items() if not name.startswith(ADDED)}
        again = {"data": message.data, "attributes": own}
        again |= {"orderingKey": message.ordering_key} if message.ordering_key else {}
        self._asked("POST", f"{bound.topic}:publish", {"messages": [again]})
        self._asked("POST", f"{self._name}:acknowledge", {"ackIds": [bound.received.ack_id]})

    def leave(self, letters: Sequence[DeadLetter]) -> None:
        """Show these to others again."""
        self._held_for(0, [letter.handle.received for letter in letters])

    def _pulled(self) -> list[_Received]:
        found: dict[str, _Received] = {}
        empty = 0
        asked = {"maxMessages": BATCH, "returnImmediately": True}  # else a pull of nothing takes minutes
        while len(found) < MOST_LETTERS and empty < EMPTY_PULLS:
            answer = self._asked("POST", f"{self._name}:pull", asked)
            batch = {one.message.message_id: one for one in self._read(answer, _Pulled).received_messages}
            empty = 0 if batch.keys() - found.keys() else empty + 1
            found |= batch
        return list(found.values())

    def _held_for(self, seconds: int, received: Sequence[_Received]) -> None:
        for start in range(0, len(received), BATCH):
            ids = [one.ack_id for one in received[start : start + BATCH]]
            self._asked("POST", f"{self._name}:modifyAckDeadline", {"ackIds": ids, "ackDeadlineSeconds": seconds})

    def _topic(self, subscription: str) -> str:
        """The topic of a subscription; "" where one of them is gone."""
        if subscription not in self._topics:
            answer = self._asked("GET", subscription, but=404)
            topic = "" if answer.status == 404 else self._read(answer, _Subscription).topic
            self._topics[subscription] = "" if topic == DELETED else topic
        return self._topics[subscription]

    def _asked(self, method: str, path: str, document: Mapping[str, object] | None = None, *, but: int = 200) -> Answer:
        body = None if document is None else msgspec.json.encode(document)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token()}"}
        try:
            url = f"{self._endpoint}/v1/{path}"
            said = self._connections.request(method, url, body=body, headers=headers)
        except HTTPError as error:
            raise Transient(f"Pub/Sub does not answer for {path}: {why(error)}.") from error
        answer = Answer(said.status, said.headers, said.data)
        return answer if answer.status == but else accepted(answer, path)

    def _read(self, answer: Answer, kind: type[T]) -> T:
        try:
            return decoder(kind).decode(answer.body)
        except UNDECODABLE as error:
            raise Transient(f"Pub/Sub's answer for {self._name} cannot be read: {error}.") from error


def _source(attributes: Mapping[str, str]) -> str:
    """
    The subscription that gave a letter up; "" where nothing tells it.

    >>> _source({ADDED + "Subscription": "s", ADDED + "SubscriptionProject": "p"})
    'projects/p/subscriptions/s'
    """
    name, project = attributes.get(f"{ADDED}Subscription", ""), attributes.get(f"{ADDED}SubscriptionProject", "")
    if name.startswith("projects/"):
        return name
    return f"projects/{project}/subscriptions/{name}" if name and project else ""


def _why(source: str) -> str:
    what = f"{source} or its topic is gone" if source else "nothing tells which subscription gave up"
    return f"{what}. To do: read and acknowledge by gcloud pubsub subscriptions pull"


def _letter(received: _Received, topic: str) -> DeadLetter:
    told = received.message.attributes
    tries = told.get(f"{ADDED}DeliveryCount", "")
    error = told.get(f"{ADDED}DeliveryErrorMessage") or UNKNOWN
    at = _instant(told.get(f"{ADDED}TopicPublishTime", "")) or received.message.publish_time
    return DeadLetter(at, int(tries) if tries.isdigit() else 0, error, _Bound(received, topic))


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
