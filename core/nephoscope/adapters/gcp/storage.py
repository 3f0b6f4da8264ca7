"""
Cloud Storage's JSON API, one request a call.

The SDK's client takes four times the processor time for the same request, and as long to be imported as everything
else that a function for Google Cloud loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from google.auth.exceptions import GoogleAuthError
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from nephoscope.adapters.gcp.identity import Transport
from nephoscope.adapters.pooled import CLIPPED, Connections, why
from nephoscope.errors import Transient

ENDPOINT = "https://storage.googleapis.com"
UNAUTHORIZED = 401  # a token that ended on its way is asked for anew, once


class Storage:
    """The objects of every bucket, as whoever has these credentials."""

    def __init__(self, credentials: Any, endpoint: str = ENDPOINT) -> None:
        self._credentials = credentials
        self._endpoint = endpoint
        self._connections = Connections()
        self._tokens = Transport()

    def ask(
        self,
        method: str,
        path: str,
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
            method: GET or POST.
            path: Of the JSON API, with its query.
            place: What people know it by.
            body: What is sent.
            kind: The body's media type.
            but: The status that says no.
            whole: Whether the answer's body is read at once; else it is streamed as it is stored, and closed, by who
                asks.

        Raises:
            Transient: There is no answer, or any other. Even a refusal is transient: a right that is missing today is
                granted tomorrow, and what waits is not lost.
        """
        headers = {"Content-Type": kind} if kind else {}
        if not whole:
            headers["Accept-Encoding"] = "gzip"  # or else what is stored packed is unpacked on its way
        try:
            answer = self._send(method, path, body, headers, whole=whole)
            if answer.status == UNAUTHORIZED:
                answer.drain_conn()
                self._credentials.refresh(self._tokens)
                answer = self._send(method, path, body, headers, whole=whole)
            if answer.status == 200:
                return answer
            said = answer.data[:CLIPPED].decode("utf-8", "replace")
        except (HTTPError, GoogleAuthError) as error:
            raise Transient(f"Google does not answer for {place}: {why(error)}.") from error
        if answer.status == but:
            return None
        raise Transient(f"Google does not answer for {place}: {answer.status} {said}.")

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, whole: bool
    ) -> BaseHTTPResponse:
        signed = dict(headers)
        self._credentials.before_request(self._tokens, method, self._endpoint + path, signed)
        connections = self._connections.to(self._endpoint)
        return connections.urlopen(method, path, body=body, headers=signed, redirect=False, preload_content=whole)


def objects_of(bucket: str) -> str:
    """
    Where a bucket's objects are.

    >>> objects_of("b")
    '/storage/v1/b/b/o'
    """
    return f"/storage/v1/b/{quote(bucket, safe='')}/o"
