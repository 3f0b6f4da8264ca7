"""
Who pushed: the OIDC token of a Pub/Sub push, verified here, for functions-framework verifies nothing.

Any Google service account can have a token made with any audience, so that the audience alone says nothing: the account
has to be one of ours, and its address verified. "The token may be up to an hour old": Pub/Sub, Authenticate push.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from nephoscope.adapters.https import accepted, request
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient, Unauthorised
from nephoscope.ports import Clock

CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
SKEW_SECONDS = 60
KEYS_STAY = timedelta(minutes=1)  # forged tokens do not make us ask more often

Certificates = Callable[[], Mapping[str, str]]


class GoogleCertificates:
    """Google's certificates by key id."""

    def __init__(self, url: str = CERTIFICATES) -> None:
        self._url = url

    def __call__(self) -> Mapping[str, str]:
        """
        Every certificate.

        Raises:
            Transient: Google does not answer.
        """
        answer = accepted(request(self._url), "Google's certificates")
        try:
            return decoder(dict[str, str]).decode(answer.body)
        except UNDECODABLE as error:
            raise Transient(f"Google's certificates cannot be read: {error}.") from error


class PushTokens:
    """The tokens of one endpoint; a key that is not known is asked for, once in `KEYS_STAY` at most."""

    def __init__(self, audience: str, accounts: frozenset[str], certificates: Certificates, clock: Clock) -> None:
        self._audience = audience
        self._accounts = accounts
        self._certificates = certificates
        self._clock = clock
        self._known: Mapping[str, str] = {}
        self._told_at = datetime.min.replace(tzinfo=UTC)

    def verify(self, authorization: str) -> None:
        """
        Pass a request whose `Authorization` header proves that one of the accounts sent it here.

        Raises:
            Unauthorised: It does not.
            Transient: Google's certificates cannot be asked for.
        """
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorised("no bearer token")
        claims = self._claims(token)
        if claims.get("iss") not in ISSUERS:
            raise _unauthorised("another issuer")
        if claims.get("email") not in self._accounts or claims.get("email_verified") is not True:
            raise _unauthorised("an account that is not ours")

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.decode_header(token)  # type: ignore[no-untyped-call]
            if header.get("alg") != "RS256":
                raise _unauthorised("another algorithm than RS256")
            key = self._key(header.get("kid"))
            if key is None:
                raise _unauthorised("an unknown key")
            claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
                token, certs=key, audience=self._audience, clock_skew_in_seconds=SKEW_SECONDS
            )
            return claims
        except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _unauthorised(f"a bad token ({error})") from error

    def _key(self, name: object) -> str | None:
        if name not in self._known and self._clock.now() - self._told_at >= KEYS_STAY:
            self._known = self._certificates()
            self._told_at = self._clock.now()
        return self._known.get(str(name))


def _unauthorised(why: str) -> Unauthorised:
    return Unauthorised(f"A push came with {why}.", do="push with the account and the audience that are configured")
