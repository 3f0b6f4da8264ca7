"""
A ping that says the hub lives, to a service that tells people when it stays away (healthchecks.io and its like).

It leaves by a path of its own: not through the topic, the state or any channel. When the hub, its store or its whole
cloud is dead, no ping comes, and that service speaks.
"""

from __future__ import annotations

from nephoscope.adapters.channels.answers import refused
from nephoscope.adapters.https import request

TIMEOUT_SECONDS = 10.0


class DeadManSwitch:
    """One check of such a service, by its ping URL, which is a secret."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ping(self) -> None:
        """
        Say that a round is done.

        Raises:
            Transient, Permanent: The service did not take it.
        """
        answer = request(self._url, method="POST", body=b"", timeout_seconds=TIMEOUT_SECONDS)
        if not 200 <= answer.status < 300:
            do = "check the ping URL under dead_man"
            raise refused("The dead-man switch", answer.status, answer.text, answer.headers, do=do)
