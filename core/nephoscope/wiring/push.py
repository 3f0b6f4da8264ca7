"""
The hub's doors for what comes by HTTP: who may come in, and what each is answered.

Without its variables a door is closed to everybody. Whom it does not know it answers 401, what it cannot read 400, and
both stand in the log; what did not work now is raised, and sent again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nephoscope.errors import BadPayload, Unauthorised
from nephoscope.payloads import azure, gcp, sns
from nephoscope.payloads.handshake import Reply, reply
from nephoscope.payloads.reading import Read, document
from nephoscope.wiring.function import Function

if TYPE_CHECKING:
    from nephoscope.adapters.aws.signing import SnsSignatures
    from nephoscope.adapters.azure.posts import EntraTokens
    from nephoscope.adapters.gcp.push import PushTokens

AUDIENCE = "NEPHOSCOPE_PUSH_AUDIENCE"
ACCOUNTS = "NEPHOSCOPE_PUSH_ACCOUNTS"  # e-mail addresses, separated by commas
SUBSCRIPTIONS = "NEPHOSCOPE_PUSH_SUBSCRIPTIONS"  # full names, separated by commas
SNS_TOPICS = "NEPHOSCOPE_SNS_TOPICS"  # ARNs, separated by commas
GRID_TENANT = "NEPHOSCOPE_GRID_TENANT"
GRID_AUDIENCE = "NEPHOSCOPE_GRID_AUDIENCE"  # the application's id or URI that the subscription names
GRID_SENDERS = "NEPHOSCOPE_GRID_SENDERS"  # ids of applications, separated by commas; Event Grid itself where absent
GRID_TOPICS = "NEPHOSCOPE_GRID_TOPICS"  # resource ids, separated by commas
GRID_ORIGINS = "NEPHOSCOPE_GRID_ORIGINS"  # such as eventgrid.azure.net, separated by commas


@dataclass(frozen=True)
class Door:
    """The endpoint that Pub/Sub pushes to; it shows a token."""

    function: Function

    def push(self, headers: Mapping[str, str], body: bytes) -> int:
        """
        Take a pushed Report in, if its sender may push it.

        Returns:
            The HTTP status: 204 acknowledges, 4xx refuses.

        Raises:
            Exception: What was not permanent; Pub/Sub pushes again.
        """
        return _let_in(self.function, lambda: self._read(headers.get("Authorization", ""), body))

    def _read(self, authorization: str, body: bytes) -> Read:
        self.tokens.verify(authorization)
        payload = document(body)
        if gcp.subscription(payload) not in _listed(SUBSCRIPTIONS):
            raise Unauthorised("A push came from a subscription that is not ours.", do="push from the configured one")
        return gcp.message_received(payload)

    @cached_property
    def tokens(self) -> PushTokens:
        """Whose tokens count."""
        from nephoscope.adapters.gcp.push import GoogleCertificates, PushTokens

        return PushTokens(os.environ.get(AUDIENCE, ""), _listed(ACCOUNTS), GoogleCertificates(), self.function.clock)


@dataclass(frozen=True)
class SnsDoor:
    """The endpoint that SNS posts to; it signs what it posts."""

    function: Function

    def post(self, body: bytes) -> int:
        """
        Take a posted Report in, if SNS signed it for a topic of ours.

        Returns:
            The HTTP status: 204 acknowledges, 4xx refuses. A subscription is confirmed by who made it, never from here.

        Raises:
            Exception: What was not permanent; SNS posts again.
        """
        return _let_in(self.function, lambda: self._read(body))

    def _read(self, body: bytes) -> Read:
        posted = sns.posted(body, topics=_listed(SNS_TOPICS), now=self.function.clock.now())
        self.signatures.verify(posted.certificate, posted.text, posted.signature)
        return posted.read()

    @cached_property
    def signatures(self) -> SnsSignatures:
        """Whose signatures count."""
        from nephoscope.adapters.aws.signing import SnsSignatures

        return SnsSignatures()


@dataclass(frozen=True)
class GridDoor:
    """The endpoint that Event Grid posts CloudEvents to, after a handshake; it shows a token, and the host a key."""

    function: Function

    def post(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """
        Answer a handshake of a listed topic or origin, or take a posted Report in, if its sender may post it.

        Raises:
            Exception: What was not permanent; Event Grid posts again.
        """
        topics, origins = _listed(GRID_TOPICS), _listed(GRID_ORIGINS)
        if (answer := reply(method, headers, body, topics=topics, origins=origins)) is not None:
            return answer
        shown = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        return Reply(_let_in(self.function, lambda: self._read(shown, body)))

    def _read(self, authorization: str, body: bytes) -> Read:
        if self.tokens is None:
            raise Unauthorised("A post came and nobody may post here.", do=f"set {GRID_TENANT} and {GRID_AUDIENCE}")
        self.tokens.verify(authorization)
        return azure.event_received(body)

    @cached_property
    def tokens(self) -> EntraTokens | None:
        """Whose tokens count; None where nobody's do."""
        tenant, audience = os.environ.get(GRID_TENANT, ""), os.environ.get(GRID_AUDIENCE, "")
        if not tenant or not audience:
            return None
        from nephoscope.adapters.azure.posts import EVENT_GRID, EntraTokens

        senders = _listed(GRID_SENDERS) or frozenset({EVENT_GRID})
        return EntraTokens(tenant, audience, senders, self.function.clock)


def _let_in(function: Function, read: Callable[[], Read]) -> int:
    try:
        found = read()
    except (Unauthorised, BadPayload) as error:
        function.turn_away(error)
        return 401 if isinstance(error, Unauthorised) else 400
    function.take_in(lambda: [found])
    return 204


def _listed(variable: str) -> frozenset[str]:
    return frozenset(word for word in os.environ.get(variable, "").split(",") if word)
