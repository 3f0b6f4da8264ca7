"""The hub's door for pushes of Pub/Sub by HTTP: who may come in, and what each is answered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nephoscope.errors import BadPayload
from nephoscope.payloads import gcp
from nephoscope.payloads.reading import document
from nephoscope.wiring.function import Function

if TYPE_CHECKING:
    from nephoscope.adapters.gcp.push import PushTokens

AUDIENCE = "NEPHOSCOPE_PUSH_AUDIENCE"
ACCOUNTS = "NEPHOSCOPE_PUSH_ACCOUNTS"  # e-mail addresses, separated by commas
SUBSCRIPTIONS = "NEPHOSCOPE_PUSH_SUBSCRIPTIONS"  # full names, separated by commas


@dataclass(frozen=True)
class Door:
    """One endpoint; without its variables nobody comes in."""

    function: Function

    def push(self, headers: Mapping[str, str], body: bytes) -> int:
        """
        Take a pushed Report in, if its sender may push it.

        Returns:
            The HTTP status: 204 acknowledges, 4xx refuses.

        Raises:
            Exception: What was not permanent; Pub/Sub pushes again.
        """
        from nephoscope.adapters.gcp.push import Unauthorised

        try:
            self.tokens.verify(headers.get("Authorization", ""))
            payload = document(body)
            if gcp.subscription(payload) not in _listed(SUBSCRIPTIONS):
                return 401
            event = gcp.message_received(payload)
        except Unauthorised:
            return 401
        except BadPayload:
            return 400
        self.function.take_in(lambda: [event])
        return 204

    @cached_property
    def tokens(self) -> PushTokens:
        """Whose tokens count."""
        from nephoscope.adapters.gcp.push import GoogleCertificates, PushTokens

        return PushTokens(os.environ.get(AUDIENCE, ""), _listed(ACCOUNTS), GoogleCertificates())


def _listed(variable: str) -> frozenset[str]:
    return frozenset(word for word in os.environ.get(variable, "").split(",") if word)
