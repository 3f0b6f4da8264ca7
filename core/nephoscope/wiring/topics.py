"""
The one topic, published to from any cloud.

At home a function publishes as itself. To a foreign topic it shows a token that its own cloud signed, and becomes
there the identity that the deployment names in `NEPHOSCOPE_PUBLISH_AS`; no key is stored anywhere. Only AWS takes a
foreign signer, botocore, imported on the first publish.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from nephoscope.errors import BadSettings

if TYPE_CHECKING:
    from nephoscope.ports import Topic

PUBLISH_AS = "NEPHOSCOPE_PUBLISH_AS"
AUDIENCE = "NEPHOSCOPE_TOKEN_AUDIENCE"
CLOUD_OF = {"sns": "aws", "eventgrid": "azure", "pubsub": "gcp"}

Token = Callable[[], str]


class OwnTopic(Protocol):
    """A topic of the cloud that asks: it can be published to, and asked after."""

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        """Hand one message over."""
        ...

    def look(self) -> str:
        """Ask after the topic itself; what it says, for people."""
        ...


class Home(Protocol):
    """The cloud a function runs in, as far as topics go."""

    name: str

    def own_topic(self, place: str) -> OwnTopic:
        """A topic in this cloud, published to as the function itself."""
        ...

    def identity_token(self, audience: str) -> Token:
        """OIDC tokens that this cloud signs for the function."""
        ...


def topic(url: str, home: Home) -> Topic:
    """
    The topic of a configuration's URL.

    Raises:
        BadSettings: It is of no cloud, or the deployment does not say as whom a foreign one is published to.
    """
    scheme, _, place = url.partition(":")
    if scheme not in CLOUD_OF:
        raise BadSettings(f"The topic {url} is in no cloud.", do=f"name one of {', '.join(CLOUD_OF)} under topic")
    if CLOUD_OF[scheme] == home.name:
        return home.own_topic(place)
    return _FOREIGN[scheme](place, home)


def _sns(arn: str, home: Home) -> Topic:
    from nephoscope.adapters.aws.identity import role
    from nephoscope.adapters.aws.topic import SnsTopic

    credentials = role(_told(PUBLISH_AS), home.identity_token(_told(AUDIENCE)), region=arn.split(":")[3])
    return SnsTopic(arn, credentials, endpoint=os.environ.get("AWS_ENDPOINT_URL_SNS", ""))


def _pubsub(name: str, home: Home) -> Topic:
    from nephoscope.adapters.gcp.federation import Federation, from_aws, from_token
    from nephoscope.adapters.gcp.topic import PubSubTopic

    provider, _, account = _told(PUBLISH_AS).partition(" ")
    federation = Federation(provider, account)
    if home.name == "aws":
        return PubSubTopic(name, from_aws(federation, region=_told("AWS_REGION")))
    return PubSubTopic(name, from_token(federation, home.identity_token(_told(AUDIENCE))))


def _eventgrid(url: str, home: Home) -> Topic:
    from nephoscope.adapters.azure.federation import from_token
    from nephoscope.adapters.azure.topic import SCOPE, EventGridTopic

    tenant, _, client = _told(PUBLISH_AS).partition("/")
    return EventGridTopic(url, from_token(tenant, client, home.identity_token(_told(AUDIENCE)), SCOPE))


def _told(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise BadSettings(
            f"The variable {variable} is not set, and the topic is in another cloud.",
            do="deploy with the Terraform modules, which set it",
        )
    return value


_FOREIGN: Mapping[str, Callable[[str, Home], Topic]] = {"sns": _sns, "pubsub": _pubsub, "eventgrid": _eventgrid}
