"""
Who posted: the token of Entra ID that Event Grid shows where a subscription names an application, verified here.

Event Grid signs nothing, and a function's key is a secret that stands in the subscription's address. A token says which
tenant made it, for which application, and for whom; any application of the tenant can have one made for any audience,
so that who it was made for has to be one of ours: Event Grid itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from nephoscope.adapters.https import accepted, request
from nephoscope.errors import Transient, Unauthorised
from nephoscope.ports import Clock

AUTHORITY = "https://login.microsoftonline.com"
EVENT_GRID = "4962773b-9cdb-44cf-a8bf-237846a00ab7"  # the application that Event Grid is, outside national clouds
SKEW_SECONDS = 60
KEYS_STAY = timedelta(minutes=1)  # forged tokens do not make us ask more often


class EntraTokens:
    """The tokens of one endpoint; a key that is not known is asked for, once in `KEYS_STAY` at most."""

    def __init__(
        self, tenant: str, audience: str, senders: frozenset[str], clock: Clock, *, authority: str = AUTHORITY
    ) -> None:
        self._issuers = frozenset({f"https://sts.windows.net/{tenant}/", f"{AUTHORITY}/{tenant}/v2.0"})
        self._keys = f"{authority}/{tenant}/discovery/v2.0/keys"
        self._audience = audience
        self._senders = senders
        self._clock = clock
        self._known: dict[str, jwt.PyJWK] = {}
        self._told_at = datetime.min.replace(tzinfo=UTC)

    def verify(self, authorization: str) -> None:
        """
        Pass a request whose `Authorization` header proves that one of the senders sent it here.

        Raises:
            Unauthorised: It does not.
            Transient: The tenant's keys cannot be asked for.
        """
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorised("no bearer token")
        claims = self._claims(token)
        if claims["iss"] not in self._issuers:
            raise _unauthorised("another issuer")
        if (claims.get("azp") or claims.get("appid")) not in self._senders:
            raise _unauthorised("an application that is not ours")

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid", ""))
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._audience,
                leeway=SKEW_SECONDS,
                options={"require": ["iss", "aud", "exp", "iat"]},
            )
            return claims
        except jwt.PyJWTError as error:
            raise _unauthorised(f"a bad token ({error})") from error

    def _key(self, name: str) -> jwt.PyJWK:
        if name not in self._known and self._clock.now() - self._told_at >= KEYS_STAY:
            answer = accepted(request(self._keys), "Entra ID's keys")
            try:
                keys = jwt.PyJWKSet.from_json(answer.body.decode()).keys
            except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
                raise Transient(f"Entra ID's keys cannot be read: {error}.") from error
            self._known = {key.key_id: key for key in keys if key.key_id}
            self._told_at = self._clock.now()
        if name not in self._known:
            raise _unauthorised("an unknown key")
        return self._known[name]


def _unauthorised(why: str) -> Unauthorised:
    do = "name the application in the subscription that posts, and in the function's settings"
    return Unauthorised(f"A post came with {why}.", do=do)
