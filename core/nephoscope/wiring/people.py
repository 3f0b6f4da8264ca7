"""The three clouds as a person's own account sees them: by whatever the cloud's command line signed in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from nephoscope.errors import BadSettings, BadUsage
from nephoscope.wiring.aws import Aws
from nephoscope.wiring.azure import CONNECTION, Azure
from nephoscope.wiring.function import Cloud
from nephoscope.wiring.gcp import PUBSUB_EMULATOR, STORAGE_EMULATOR, Gcp

if TYPE_CHECKING:
    from nephoscope.adapters.azure.storage import Blobs
    from nephoscope.ports import DeadLetters


class Person(Cloud, Protocol):
    """What a person may do in a cloud, beyond what functions do."""

    def dead_letters(self, place: str, topic: str) -> DeadLetters:
        """The place where dead letters wait in it; `topic` is the configuration's."""
        ...


class PersonsAws(Aws):
    """AWS by boto3's chain: the environment, a profile, or whatever it finds."""

    def dead_letters(self, place: str, topic: str) -> DeadLetters:  # noqa: ARG002 - each letter's own way back is known
        """A queue of SQS, by its ARN."""
        from nephoscope.adapters.aws.dead_letters import SqsDeadLetters

        return SqsDeadLetters(self.queue_service(place.split(":")[3]), place)


class PersonsAzure(Azure):
    """Azure by `az login`, or whatever else azure-identity finds."""

    def dead_letters(self, place: str, topic: str) -> DeadLetters:
        """Event Grid's blobs (az://ACCOUNT/CONTAINER/PREFIX), or a poison queue (az-queue://ACCOUNT/QUEUE)."""
        scheme, _, rest = place.partition("://")
        account, _, rest = rest.partition("/")
        if scheme == "az-queue":
            from nephoscope.adapters.azure.poison import PoisonQueue

            return PoisonQueue(self._queues(account), rest)
        from nephoscope.adapters.azure.dead_letters import EventGridDeadLetters

        kind, _, url = topic.partition(":")
        if kind != "eventgrid":
            raise BadUsage(
                f"Event Grid's letters go to a topic of Event Grid, and the configuration's is {topic}.",
                do="name the configuration of the hub that is in Azure (--config)",
            )
        container, _, prefix = rest.partition("/")
        return EventGridDeadLetters(self.account(account), container, prefix, self.own_topic(url))

    def _queues(self, account: str) -> Blobs:
        from nephoscope.adapters.azure.storage import SCOPE, Blobs, bearer, connected

        if connection := os.environ.get(CONNECTION):
            return connected(connection, "Queue")
        return Blobs(f"https://{account}.queue.core.windows.net", bearer(self._token(SCOPE)))

    @cached_property
    def _identity(self) -> Any:
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential()


class PersonsGcp(Gcp):
    """Google Cloud by `gcloud auth application-default login`."""

    def dead_letters(self, place: str, topic: str) -> DeadLetters:  # noqa: ARG002 - each letter tells its own way back
        """A subscription of a dead-letter topic, by its name."""
        from nephoscope.adapters.gcp.dead_letters import PubSubDeadLetters

        if emulator := os.environ.get(PUBSUB_EMULATOR):
            return PubSubDeadLetters(place, lambda: "owner", endpoint=f"http://{emulator}")
        return PubSubDeadLetters(place, self._token)

    @cached_property
    def _token(self) -> Callable[[], str]:
        from nephoscope.adapters.gcp.identity import AccessToken

        return AccessToken(_application_default())

    @cached_property
    def _credentials(self) -> Any:
        return super()._credentials if STORAGE_EMULATOR in os.environ else _application_default()


def _application_default() -> Any:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    from nephoscope.adapters.gcp.identity import SCOPES

    try:
        return google.auth.default(scopes=list(SCOPES))[0]
    except DefaultCredentialsError as error:
        raise BadSettings(
            f"Google Cloud knows nobody here: {error}.", do="gcloud auth application-default login"
        ) from error


CLOUDS: Mapping[str, Callable[[], Person]] = {"aws": PersonsAws, "azure": PersonsAzure, "gcp": PersonsGcp}
STORE_OF = {"s3": "aws", "az": "azure", "gs": "gcp"}
