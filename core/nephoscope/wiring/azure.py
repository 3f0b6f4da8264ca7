"""Microsoft Azure, as a function app uses it; each part is opened when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nephoscope.adapters.azure.storage import Blobs
    from nephoscope.ports import Objects, State
    from nephoscope.wiring.topics import OwnTopic

IDENTITY_ENDPOINT, IDENTITY_HEADER = "IDENTITY_ENDPOINT", "IDENTITY_HEADER"  # what App Service and Functions set
CLIENT_ID = "AZURE_CLIENT_ID"  # which user-assigned identity the function is
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"  # Azurite's, on a developer's machine


class Azure:
    """Storage accounts and an identity, told by the environment."""

    name = "azure"
    secrets = "azure-kv"

    @cached_property
    def objects(self) -> Objects:
        """The blobs of every account."""
        from nephoscope.adapters.azure.objects import BlobObjects

        return BlobObjects(self.account)

    def state(self, url: str) -> State:
        """A store on Blob Storage: az://ACCOUNT/CONTAINER/PREFIX."""
        from nephoscope.adapters.azure.state import BlobState

        account, _, place = url.removeprefix("az://").partition("/")
        container, _, prefix = place.partition("/")
        return BlobState(self.account(account), container, prefix)

    def secret(self, name: str) -> str:
        """A secret of Key Vault."""
        from nephoscope.adapters.azure.secrets import SCOPE, KeyVault

        return KeyVault(self._token(SCOPE)).read(name)

    def own_topic(self, place: str) -> OwnTopic:
        """A topic of Event Grid, by its URL."""
        from nephoscope.adapters.azure.topic import SCOPE, EventGridTopic

        return EventGridTopic(place, self._token(SCOPE))

    def identity_token(self, audience: str) -> Callable[[], str]:
        """Tokens that Entra ID signs for the function's managed identity."""
        return self._token(f"{audience}/.default")

    def _token(self, scope: str) -> Callable[[], str]:
        if endpoint := os.environ.get(IDENTITY_ENDPOINT):
            from nephoscope.adapters.azure.managed import ManagedToken
            from nephoscope.adapters.local.clock import SystemClock

            secret, client_id = os.environ.get(IDENTITY_HEADER, ""), os.environ.get(CLIENT_ID, "")
            return ManagedToken(endpoint, secret, scope, SystemClock(), client_id=client_id)
        from nephoscope.adapters.azure.identity import Token

        return Token(self._identity, scope)

    @cached_property
    def _identity(self) -> Any:
        from nephoscope.adapters.azure.identity import own

        return own(os.environ.get(CLIENT_ID, ""))

    @cached_property
    def account(self) -> Callable[[str], Blobs]:
        """The blobs of an account, with connections of its own."""
        from nephoscope.adapters.azure.storage import SCOPE, Blobs, bearer, connected

        connection = os.environ.get(CONNECTION)

        @cache
        def blobs(account: str) -> Blobs:
            if connection:
                return connected(connection)
            return Blobs(f"https://{account}.blob.core.windows.net", bearer(self._token(SCOPE)))

        return blobs
