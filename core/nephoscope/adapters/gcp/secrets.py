"""Google Secret Manager: `gcp-sm:projects/PROJECT/secrets/NAME[/versions/VERSION]`, by one HTTPS request."""

from __future__ import annotations

import base64
from collections.abc import Callable

import msgspec

from nephoscope.adapters.https import accepted, request
from nephoscope.decoders import decoder
from nephoscope.errors import Transient

ENDPOINT = "https://secretmanager.googleapis.com"


class _Payload(msgspec.Struct):
    data: str


class _Version(msgspec.Struct):
    payload: _Payload


class SecretManager:
    """The secrets that this function may read."""

    def __init__(self, token: Callable[[], str], *, endpoint: str = ENDPOINT) -> None:
        self._token = token
        self._endpoint = endpoint

    def read(self, name: str) -> str:
        """
        A version of a secret, the latest where none is named.

        Raises:
            Transient: It cannot be read, or not yet.
        """
        version = name if "/versions/" in name else f"{name}/versions/latest"
        answer = request(f"{self._endpoint}/v1/{version}:access", headers={"Authorization": f"Bearer {self._token()}"})
        try:
            found = decoder(_Version).decode(accepted(answer, f"The secret '{name}'").body)
            return base64.b64decode(found.payload.data, validate=True).decode()
        except (msgspec.DecodeError, ValueError) as error:
            raise Transient(f"Secret Manager's answer for '{name}' cannot be read: {error}.") from error
