"""An Event Grid topic of CloudEvents, by one HTTPS request: no SDK client, so that any cloud can publish to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nephoscope.adapters.https import accepted, request
from nephoscope.errors import Transient
from nephoscope.report import CONTENT_TYPE

API_VERSION = "2018-01-01"
SCOPE = "https://eventgrid.azure.net/.default"


class EventGridTopic:
    """A topic by its URL; `token` is asked anew for each message. The attributes stand in the CloudEvent already."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url if "api-version=" in url else f"{url}{'&' if '?' in url else '?'}api-version={API_VERSION}"
        self._token = token

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        """Hand one message over; returning means that the topic has it."""
        headers = {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8", "Authorization": f"Bearer {self._token()}"}
        accepted(request(self._url, method="POST", body=body, headers=headers), self._url.split("?")[0])

    def look(self) -> str:
        """
        See whether the topic's own address answers, for people; every topic has one.

        Raises:
            Transient: It does not.
        """
        answer = request(self._url)
        if answer.status >= 500:
            raise Transient(f"{self._url.split('?')[0]} answered {answer.status}: {answer.text}")
        return f"its address answers ({answer.status} to a question without a token)"
