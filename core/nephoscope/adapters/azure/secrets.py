"""Azure Key Vault: `azure-kv:https://VAULT.vault.azure.net/secrets/NAME[/VERSION]`, by one HTTPS request."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nephoscope.adapters.https import accepted, request
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient

API_VERSION = "7.4"
SCOPE = "https://vault.azure.net/.default"


class _Secret(msgspec.Struct):
    value: str


class KeyVault:
    """The secrets that this function may read."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def read(self, name: str) -> str:
        """
        A version of a secret, the latest where none is named; `name` is its identifier, a URL.

        Raises:
            Transient: It cannot be read, or not yet.
        """
        answer = request(f"{name}?api-version={API_VERSION}", headers={"Authorization": f"Bearer {self._token()}"})
        try:
            return decoder(_Secret).decode(accepted(answer, f"The secret '{name}'").body).value
        except UNDECODABLE as error:
            raise Transient(f"Key Vault's answer for '{name}' cannot be read: {error}.") from error
