"""Who a function in Azure is, without a key that anybody stores."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.identity import ManagedIdentityCredential

from nephoscope.errors import Transient


class Token:
    """A token of one scope; azure-identity keeps it until shortly before it ends."""

    def __init__(self, credential: TokenCredential, scope: str) -> None:
        self._credential = credential
        self._scope = scope

    def __call__(self) -> str:
        """
        A valid token.

        Raises:
            Transient: Entra ID does not give one.
        """
        try:
            return self._credential.get_token(self._scope).token
        except AzureError as error:
            raise Transient(f"Entra ID gave no token for {self._scope}: {error}.") from error


def own(client_id: str = "") -> ManagedIdentityCredential:
    """The function's managed identity, told by IDENTITY_ENDPOINT; `client_id` where it has several."""
    return ManagedIdentityCredential(client_id=client_id or None)
