"""Google Cloud, as a function uses it; each part is opened when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nephoscope.adapters.gcp.storage import Storage
    from nephoscope.ports import Objects, State
    from nephoscope.wiring.topics import OwnTopic

STORAGE_EMULATOR = "STORAGE_EMULATOR_HOST"
PUBSUB_EMULATOR = "PUBSUB_EMULATOR_HOST"


class Gcp:
    """One project, as the metadata server tells it."""

    name = "gcp"
    secrets = "gcp-sm"

    @cached_property
    def objects(self) -> Objects:
        """The objects on Cloud Storage."""
        from nephoscope.adapters.gcp.objects import GcsObjects

        return GcsObjects(self._storage)

    def state(self, url: str) -> State:
        """A store on Cloud Storage: gs://BUCKET/PREFIX."""
        from nephoscope.adapters.gcp.state import GcsState

        bucket, _, prefix = url.removeprefix("gs://").partition("/")
        return GcsState(self._storage, bucket, prefix)

    def secret(self, name: str) -> str:
        """A secret of Secret Manager."""
        from nephoscope.adapters.gcp.secrets import SecretManager

        return SecretManager(self._token).read(name)

    def own_topic(self, place: str) -> OwnTopic:
        """A topic of Pub/Sub, by its name."""
        from nephoscope.adapters.gcp.topic import ENDPOINT, PubSubTopic

        emulator = os.environ.get(PUBSUB_EMULATOR)
        if emulator:
            return PubSubTopic(place, lambda: "owner", endpoint=f"http://{emulator}")
        return PubSubTopic(place, self._token, endpoint=ENDPOINT)

    def identity_token(self, audience: str) -> Callable[[], str]:
        """Tokens that Google signs for the function's service account."""
        from nephoscope.adapters.gcp.identity import IdentityToken

        return IdentityToken(audience)

    @cached_property
    def _token(self) -> Callable[[], str]:
        from nephoscope.adapters.gcp.identity import own

        return own()

    @cached_property
    def _storage(self) -> Storage:
        from nephoscope.adapters.gcp.storage import ENDPOINT, Storage

        return Storage(self._credentials, os.environ.get(STORAGE_EMULATOR, ENDPOINT))

    @property
    def _credentials(self) -> Any:
        from google.auth.compute_engine import Credentials
        from google.auth.credentials import AnonymousCredentials

        # `google.auth.default()` would ask the metadata server once more, and fails where there is none.
        anonymous = os.environ.get(STORAGE_EMULATOR)
        return AnonymousCredentials() if anonymous else Credentials()  # type: ignore[no-untyped-call]
