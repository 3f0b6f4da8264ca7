"""Whose fault a Google error is."""

from __future__ import annotations

from google.api_core.exceptions import ClientError as Refused
from google.api_core.exceptions import (
    DeadlineExceeded,
    Forbidden,
    GatewayTimeout,
    GoogleAPIError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError, TransportError

from nephoscope.monitoring.answer import Fault, Unknown, failed

_BY_KIND: tuple[tuple[type[Exception], Fault], ...] = (
    (TransportError, Fault.UNREACHABLE),
    (GoogleAuthError, Fault.PERMISSION),
    (Forbidden, Fault.PERMISSION),
    (Unauthorized, Fault.PERMISSION),
    (TooManyRequests, Fault.QUOTA),
    (DeadlineExceeded, Fault.TIMEOUT),
    (GatewayTimeout, Fault.TIMEOUT),
    (NotFound, Fault.WRONG_NAME),
    (Refused, Fault.REFUSED),
)


def unanswered(error: GoogleAPIError | GoogleAuthError) -> Unknown:
    """
    What an error means for the questions that met it.

    >>> print(unanswered(Forbidden("the API is not enabled")).fault)
    permission
    """
    cause = error.cause if isinstance(error, RetryError) and error.cause is not None else error
    said = str(getattr(cause, "message", "") or cause).splitlines()[0].rstrip(".")
    return failed(_fault(cause, said), f"Cloud Monitoring did not answer ({type(cause).__name__}): {said}.")


def _fault(error: BaseException, said: str) -> Fault:
    # gRPC tells a port that nobody listens on with the same status as a service that is busy.
    if isinstance(error, ServiceUnavailable) and "connect" in said:
        return Fault.UNREACHABLE
    return next((fault for kind, fault in _BY_KIND if isinstance(error, kind)), Fault.SERVICE)
