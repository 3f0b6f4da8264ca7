"""A Pub/Sub topic, by one HTTPS request: no SDK client, so that any cloud can publish to it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import msgspec

from nephoscope.adapters.https import accepted, request

ENDPOINT = "https://pubsub.googleapis.com"


class PubSubTopic:
    """A topic by its full name; `token` is asked anew for each message."""

    def __init__(self, name: str, token: Callable[[], str], *, endpoint: str = ENDPOINT) -> None:
        self._name = name
        self._token = token
        self._url = f"{endpoint}/v1/{name}:publish"

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        """Hand one message over; returning means that the topic has it."""
        message = {"data": base64.b64encode(body).decode(), "attributes": attributes}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token()}"}
        answer = request(self._url, method="POST", body=msgspec.json.encode({"messages": [message]}), headers=headers)
        accepted(answer, self._name)
