"""Who a Google function is, and how others become a Google service account: without a key that anybody stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from google.auth import aws, identity_pool
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request, Response

from nephoscope.adapters.https import Answer, accepted, request
from nephoscope.errors import Transient

METADATA = "http://metadata.google.internal"
STS = "https://sts.googleapis.com/v1/token"
IMPERSONATION = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{}:generateAccessToken"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
FROM_AWS = "urn:ietf:params:aws:token-type:aws4_request"
FROM_OIDC = "urn:ietf:params:oauth:token-type:jwt"
CALLER = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"


@dataclass(frozen=True, slots=True)
class Federation:
    """Where another cloud's identity is exchanged for that of a service account."""

    audience: str  # //iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
    service_account: str  # its e-mail address
    sts: str = STS
    impersonation: str = IMPERSONATION


class AccessToken:
    """A token for Google's APIs, refreshed before it ends."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def __call__(self) -> str:
        """
        A valid token.

        Raises:
            Transient: Google does not give one.
        """
        try:
            if not self._credentials.valid:
                self._credentials.refresh(_Transport())
        except (GoogleAuthError, ValueError, KeyError) as error:
            raise Transient(f"Google gave no access token: {error}.") from error
        return str(self._credentials.token)


class IdentityToken:
    """An OIDC token that Google signs for this function's service account."""

    def __init__(self, audience: str, *, metadata: str = METADATA) -> None:
        query = urlencode({"audience": audience, "format": "full"})
        self._url = f"{metadata}/computeMetadata/v1/instance/service-accounts/default/identity?{query}"

    def __call__(self) -> str:
        """
        A token of one hour.

        Raises:
            Transient: The metadata server does not give one.
        """
        answer = request(self._url, headers={"Metadata-Flavor": "Google"})
        return accepted(answer, "The metadata server").body.decode()


def own() -> AccessToken:
    """The function's own service account."""
    # Here alone: it imports requests, which only an artefact for Google Cloud carries.
    from google.auth.compute_engine import Credentials

    return AccessToken(Credentials())  # type: ignore[no-untyped-call]


def from_token(federation: Federation, token: Callable[[], str]) -> AccessToken:
    """Become a service account by another cloud's OIDC token."""
    credentials = identity_pool.Credentials(  # type: ignore[no-untyped-call]
        **_common(federation, FROM_OIDC), credential_source=None, subject_token_supplier=_Supplier(token)
    )
    return AccessToken(credentials)


def from_aws(federation: Federation, *, caller: str = CALLER) -> AccessToken:
    """Become a service account by a signed question to AWS who one is, which Google asks in one's place."""
    source = {"environment_id": "aws1", "regional_cred_verification_url": caller}
    credentials = aws.Credentials(  # type: ignore[no-untyped-call]
        **_common(federation, FROM_AWS), credential_source=source
    )
    return AccessToken(credentials)


def _common(federation: Federation, kind: str) -> dict[str, Any]:
    return {
        "audience": federation.audience,
        "subject_token_type": kind,
        "token_url": federation.sts,
        "service_account_impersonation_url": federation.impersonation.format(federation.service_account),
        "scopes": SCOPES,
    }


class _Supplier(identity_pool.SubjectTokenSupplier):
    """Another cloud's token, as google.auth asks for it."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def get_subject_token(self, context: object, request: object) -> str:  # noqa: ARG002
        return self._token()


class _Answered(Response):
    """An answer, as google.auth reads it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    @property
    def data(self) -> bytes:
        return self._answer.body


class _Transport(Request):
    """How google.auth asks, without a second HTTP library."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> Response:
        raw = body.encode() if isinstance(body, str) else body
        return _Answered(request(url, method=method, body=raw, headers=headers, timeout_seconds=timeout or 10))
