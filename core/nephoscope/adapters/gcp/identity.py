"""Who a Google function is, without a key that anybody stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request, Response

from nephoscope.adapters.https import Answer, accepted, request
from nephoscope.errors import Transient

METADATA = "http://metadata.google.internal"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


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
                self._credentials.refresh(Transport())
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


class Transport(Request):
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
        """The answer, whatever its status."""
        raw = body.encode() if isinstance(body, str) else body
        return _Answered(request(url, method=method, body=raw, headers=headers, timeout_seconds=timeout or 10))
