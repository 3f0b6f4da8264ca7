"""A Pub/Sub topic, by one HTTPS request: no SDK client, so that any cloud can publish to it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import msgspec

from nephoscope.adapters.https import accepted, request
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient

ENDPOINT = "https://pubsub.googleapis.com"


class _Listed(msgspec.Struct):
    subscriptions: list[str] = []


class PubSubTopic:
    """A topic by its full name; `token` is asked anew for each message."""

    def __init__(self, name: str, token: Callable[[], str], *, endpoint: str = ENDPOINT) -> None:
        self._name = name
        self._token = token
        self._url = f"{endpoint}/v1/{name}"

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        """Hand one message over; returning means that the topic has it."""
        message = {"data": base64.b64encode(body).decode(), "attributes": attributes}
        body = msgspec.json.encode({"messages": [message]})
        accepted(request(f"{self._url}:publish", method="POST", body=body, headers=self._headers()), self._name)

    def look(self) -> str:
        """
        Ask after the topic itself; who listens, for people.

        Raises:
            Transient: It is not there, it may not be asked after, or nobody listens.
        """
        answer = accepted(request(f"{self._url}/subscriptions", headers=self._headers()), self._name)
        try:
            listening = len(decoder(_Listed).decode(answer.body).subscriptions)
        except UNDECODABLE as error:
            raise Transient(f"Pub/Sub's answer for {self._name} cannot be read: {error}.") from error
        if not listening:
            raise Transient(f"{self._name} has no subscription.", do="subscribe the hub's function to it")
        return f"it is there; subscriptions: {listening}"

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self._token()}"}
