"""Whose fault an AWS error is."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from nephoscope.monitoring.answer import Fault, Unknown, failed

_BY_KIND: tuple[tuple[type[BotoCoreError], Fault], ...] = (
    (ReadTimeoutError, Fault.TIMEOUT),
    (ConnectTimeoutError, Fault.TIMEOUT),
    (HTTPClientError, Fault.UNREACHABLE),
    (NoConnection, Fault.UNREACHABLE),
    (NoCredentialsError, Fault.PERMISSION),
    (PartialCredentialsError, Fault.PERMISSION),
    (CredentialRetrievalError, Fault.PERMISSION),
    (TokenRetrievalError, Fault.PERMISSION),
    (NoRegionError, Fault.REFUSED),
    (ParamValidationError, Fault.REFUSED),
)
# What botocore raises over a body that is no JSON, is cut, or is JSON of another shape.
MALFORMED = (ResponseParserError, ValueError, LookupError, TypeError, AttributeError)

_PERMISSION = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "OptInRequired",
        "SubscriptionRequiredException",
    }
)


def unanswered(error: ClientError | BotoCoreError) -> Unknown:
    """
    What an error means for the questions that met it.

    >>> refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetMetricData")
    >>> print(unanswered(refused).fault, unanswered(refused).reason)
    permission CloudWatch refused GetMetricData with AccessDenied: not you.
    """
    if isinstance(error, ClientError):
        return failed(fault_of(error), _said(error))
    fault = next((fault for kind, fault in _BY_KIND if isinstance(error, kind)), Fault.SERVICE)
    return failed(fault, f"CloudWatch did not answer: {error}.".replace("..", "."))


def malformed(error: Exception) -> Unknown:
    """What a body means that is not what the API describes."""
    return failed(Fault.SERVICE, f"CloudWatch's answer cannot be read ({type(error).__name__}: {error}).")


def fault_of(error: ClientError) -> Fault:
    """Read the error code, and where it says nothing the HTTP status."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _PERMISSION or status in (401, 403):
        return Fault.PERMISSION
    if "Throttl" in code or "LimitExceeded" in code or status == 429:
        return Fault.QUOTA
    return Fault.REFUSED if 400 <= status < 500 else Fault.SERVICE


def _said(error: ClientError) -> str:
    told = error.response.get("Error", {})
    return f"CloudWatch refused {error.operation_name} with {told.get('Code')}: {str(told.get('Message')).rstrip('.')}."
