"""Whose fault an Azure error is."""

from __future__ import annotations

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from nephoscope.monitoring.answer import Fault, Unknown, failed

_BY_KIND: tuple[tuple[type[AzureError], Fault], ...] = (
    (ServiceRequestTimeoutError, Fault.TIMEOUT),
    (ServiceResponseTimeoutError, Fault.TIMEOUT),
    (ServiceRequestError, Fault.UNREACHABLE),
    (ServiceResponseError, Fault.UNREACHABLE),
    (ClientAuthenticationError, Fault.PERMISSION),
)
# What Azure's clients raise over a body that is empty, no JSON, or JSON of another shape.
MALFORMED = (ValueError, LookupError, TypeError, AttributeError)

_BY_STATUS = {
    401: Fault.PERMISSION,
    403: Fault.PERMISSION,
    404: Fault.WRONG_NAME,
    408: Fault.TIMEOUT,
    429: Fault.QUOTA,
    504: Fault.TIMEOUT,
}


def unanswered(error: AzureError) -> Unknown:
    """
    What an error means for the questions that met it.

    >>> print(unanswered(ServiceRequestError("no route")).fault)
    unreachable
    """
    said = (error.message or type(error).__name__).splitlines()[0].rstrip(".")
    # The Logs client raises its errors anew, as what they all are: the first one is the context.
    kind = next((fault for kind, fault in _BY_KIND if isinstance(error.__context__ or error, kind)), None)
    if kind is None and isinstance(error, HttpResponseError) and error.status_code:
        return failed(_fault(error), f"Azure Monitor answered {error.status_code}: {said}.")
    return failed(kind or Fault.SERVICE, f"Azure Monitor did not answer: {said}.")


def malformed(error: Exception) -> Unknown:
    """What a body means that is not what the API describes."""
    return failed(Fault.SERVICE, f"Azure Monitor's answer cannot be read ({type(error).__name__}: {error}).")


def _fault(error: HttpResponseError) -> Fault:
    status = error.status_code or 0
    # "Failed to resolve table or column expression named …" comes as a 400 with a SemanticError.
    if status == 400 and "resolve" in str(error):
        return Fault.WRONG_NAME
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Fault.REFUSED if 400 <= status < 500 else Fault.SERVICE
