"""Become an application of Entra ID by another cloud's OIDC token, which its federated credential trusts."""

from __future__ import annotations

from collections.abc import Callable

from nephoscope.adapters.exchange import Granted, KeptToken, granted

AUTHORITY = "https://login.microsoftonline.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def from_token(
    tenant: str, client_id: str, token: Callable[[], str], scope: str, *, authority: str = AUTHORITY
) -> KeptToken:
    """
    Exchange tokens.

    Args:
        tenant: The tenant's id.
        client_id: The application, or the user-assigned identity.
        token: Gives the other cloud's token, whose issuer, audience and subject the federated credential names.
        scope: What it is for: https://RESOURCE/.default.
        authority: Where Entra ID is asked.
    """

    def exchange() -> Granted:
        # "client_credentials with a certificate", the assertion being the other identity provider's token.
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_assertion_type": ASSERTION,
            "client_assertion": token(),
            "scope": scope,
        }
        return granted(f"{authority}/{tenant}/oauth2/v2.0/token", form, f"Entra ID, asked for {scope},")

    return KeptToken(exchange)
