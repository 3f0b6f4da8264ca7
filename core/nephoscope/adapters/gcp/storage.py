"""
Cloud Storage's JSON API, one request a call.

The SDK's client takes four times the processor time for the same request, and as long to be imported as everything
else that a function for Google Cloud loads.
"""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote

from google.auth.exceptions import GoogleAuthError
from google.auth.transport.urllib3 import AuthorizedHttp
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from nephoscope.adapters.pooled import CLIPPED, pool
from nephoscope.errors import Transient

ENDPOINT = "https://storage.googleapis.com"


class Http(Protocol):
    """What sends a request with the right to do so."""

    def urlopen(self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any) -> BaseHTTPResponse:
        """Send it; any status is an answer."""
        ...


def connected(credentials: Any) -> Http:
    """Kept connections with the right to ask."""
    http: Http = AuthorizedHttp(credentials, pool())  # type: ignore[no-untyped-call]
    return http


def objects_of(endpoint: str, bucket: str) -> str:
    """
    Where a bucket's objects are.

    >>> objects_of(ENDPOINT, "b")
    'https://storage.googleapis.com/storage/v1/b/b/o'
    """
    return f"{endpoint}/storage/v1/b/{quote(bucket, safe='')}/o"


def answered(
    http: Http,
    method: str,
    url: str,
    place: str,
    *,
    body: bytes | None = None,
    kind: str = "",
    but: int = 200,
    whole: bool = True,
) -> BaseHTTPResponse | None:
    """
    The answer to a request; None where its status is the one that says no.

    Args:
        http: What sends it.
        method: GET or POST.
        url: Of the JSON API.
        place: What people know it by.
        body: What is sent.
        kind: The body's media type.
        but: The status that says no.
        whole: Whether the answer's body is read at once; else it is streamed, and closed, by who asks.

    Raises:
        Transient: There is no answer, or any other. Even a refusal is transient: a right that is missing today is
            granted tomorrow, and what waits is not lost.
    """
    headers = {"Content-Type": kind} if kind else {}
    try:
        answer = http.urlopen(method, url, body=body, headers=headers, redirect=False, preload_content=whole)
        if answer.status == 200:
            return answer
        said = answer.data[:CLIPPED].decode("utf-8", "replace")
    except (HTTPError, GoogleAuthError) as error:
        raise Transient(f"Google does not answer for {place}: {error}.") from error
    if answer.status == but:
        return None
    raise Transient(f"Google does not answer for {place}: {answer.status} {said}.")
