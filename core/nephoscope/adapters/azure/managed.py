"""
The tokens of a function's managed identity, asked for at the endpoint that App Service and Functions name.

One request each; azure-identity brings MSAL and cryptography along for it, a quarter of a second of a cold start.
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from nephoscope.adapters.https import accepted, request
from nephoscope.decoders import decoder
from nephoscope.errors import Transient
from nephoscope.ports import Clock

API_VERSION = "2019-08-01"
EARLY_SECONDS = 300  # a token is asked for anew before it ends


class _Token(msgspec.Struct):
    access_token: str
    expires_on: str  # seconds since 1970


class ManagedToken:
    """A token of one scope, kept until shortly before it ends."""

    def __init__(self, endpoint: str, secret: str, scope: str, clock: Clock, *, client_id: str = "") -> None:
        query = {"api-version": API_VERSION, "resource": scope.removesuffix("/.default")}
        query |= {"client_id": client_id} if client_id else {}
        self._url = f"{endpoint}?{urlencode(query, safe=':/')}"
        self._headers = {"X-IDENTITY-HEADER": secret}
        self._clock = clock
        self._kept = ("", 0)

    def __call__(self) -> str:
        """
        A valid token.

        Raises:
            Transient: The endpoint does not give one.
        """
        token, until = self._kept
        if self._clock.now().timestamp() > until - EARLY_SECONDS:
            answer = accepted(request(self._url, headers=self._headers), "The managed identity's endpoint")
            try:
                told = decoder(_Token).decode(answer.body)
                token, until = told.access_token, int(told.expires_on)
            except (msgspec.DecodeError, ValueError) as error:
                raise Transient(f"The managed identity's answer cannot be read: {error}.") from error
            self._kept = (token, until)
        return token
