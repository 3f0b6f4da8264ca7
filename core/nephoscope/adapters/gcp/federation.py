"""
Become a Google service account by another cloud's identity (workload identity federation).

Google's token service takes an OIDC token, or from AWS a signed question who one is, which it asks AWS itself; its
answer, a federated token, is good for becoming the service account.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from nephoscope.adapters.exchange import Granted, KeptToken, granted, read
from nephoscope.adapters.https import request
from nephoscope.errors import Transient

STS = "https://sts.googleapis.com/v1/token"
IMPERSONATION = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{}:generateAccessToken"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
IAM = "https://www.googleapis.com/auth/iam"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
FROM_AWS = "urn:ietf:params:aws:token-type:aws4_request"
FROM_OIDC = "urn:ietf:params:oauth:token-type:jwt"
CALLER = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
LIFETIME_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Federation:
    """Where another cloud's identity is exchanged for that of a service account."""

    audience: str  # //iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
    service_account: str  # its e-mail address
    sts: str = STS
    impersonation: str = IMPERSONATION


class _Impersonated(msgspec.Struct):
    token: str = msgspec.field(name="accessToken")


def from_token(federation: Federation, token: Callable[[], str]) -> KeptToken:
    """Become a service account by another cloud's OIDC token."""
    return KeptToken(lambda: _exchanged(federation, token(), FROM_OIDC))


def from_aws(federation: Federation, *, region: str, caller: str = CALLER) -> KeptToken:
    """Become a service account by a signed question to AWS who one is, which Google asks in one's place."""
    return KeptToken(lambda: _exchanged(federation, _question(federation.audience, region, caller), FROM_AWS))


def _exchanged(federation: Federation, subject: str, kind: str) -> Granted:
    form = {
        "grant_type": GRANT,
        "audience": federation.audience,
        "scope": IAM,  # all that a federated token is for is becoming the service account
        "requested_token_type": ACCESS,
        "subject_token": subject,
        "subject_token_type": kind,
    }
    federated = granted(federation.sts, form, "Google's token service").access_token
    asked = json.dumps({"delegates": None, "scope": [SCOPE], "lifetime": f"{LIFETIME_SECONDS}s"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {federated}"}
    url = federation.impersonation.format(federation.service_account)
    answer = request(url, method="POST", body=asked, headers=headers)
    return Granted(read(answer, _Impersonated, federation.service_account).token, LIFETIME_SECONDS)


def _question(audience: str, region: str, caller: str) -> str:
    """The signed question, for this pool alone, as Google's token service reads it."""
    # Here alone: botocore is in AWS' runtime and nowhere else.
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

    url = caller.format(region=region)
    asked = AWSRequest("POST", url, {"Host": url.split("/")[2].split("?")[0], "x-goog-cloud-target-resource": audience})
    try:
        credentials = Session().get_credentials()
        if credentials is None:
            raise Transient("There are no AWS credentials to sign with.", do="give the function a role")
        SigV4Auth(credentials.get_frozen_credentials(), "sts", region).add_auth(asked)
    except (BotoCoreError, ClientError) as error:
        raise Transient(f"AWS gave no credentials to sign with: {error}.") from error
    headers = [{"key": name, "value": value} for name, value in asked.headers.items()]
    return quote(json.dumps({"url": url, "method": "POST", "headers": headers}))
