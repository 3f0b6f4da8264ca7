"""Who a function in AWS is, and how others become an AWS role: without a key that anybody stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.credentials import (
    AssumeRoleWithWebIdentityCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.session import Session

from nephoscope.adapters.aws.refusals import translated

METHOD = "assume-role-with-web-identity"


class WebIdentity:
    """An OIDC token that AWS signs for this function's role (outbound identity federation of STS)."""

    def __init__(self, client: Any, audience: str) -> None:
        self._client = client
        self._audience = audience

    def __call__(self) -> str:
        """
        A token of five minutes.

        Raises:
            Transient: STS does not give one.
        """
        with translated(f"a web identity token for {self._audience}"):
            answer = self._client.get_web_identity_token(
                Audience=[self._audience], SigningAlgorithm="RS256", DurationSeconds=300
            )
            token: str = answer["WebIdentityToken"]
            return token


def role(arn: str, token: Callable[[], str], *, region: str) -> Callable[[], Credentials | None]:
    """
    Become a role by a token of another cloud; the credentials are refreshed before they end.

    Args:
        arn: The role, whose trust names the token's issuer, audience and subject.
        token: Gives that token.
        region: Where STS is asked.
    """
    session = Session()
    session.set_config_variable("region", region)
    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=session.create_client, web_identity_token_loader=token, role_arn=arn
    )
    credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, METHOD)
    return lambda: credentials


def own(session: Session | None = None) -> Callable[[], Credentials | None]:
    """The function's own role, as the environment tells it."""
    asked = session or Session()
    return lambda: asked.get_credentials()
