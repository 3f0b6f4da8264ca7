"""
Blob Storage's REST interface, one request a call.

The SDK's client takes four times the processor time for the same request, and before the first one as long to be
imported as everything else that a function in Azure loads.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from nephoscope.adapters.pooled import CLIPPED, NONE, Connections, why
from nephoscope.errors import Transient

VERSION = "2021-12-02"
SCOPE = "https://storage.azure.com/.default"

Signer = Callable[[str, str, Mapping[str, str], Mapping[str, str]], str]  # method, path, query, headers → Authorization


class Blobs:
    """The blobs of one account, as whoever signs for it."""

    def __init__(self, endpoint: str, sign: Signer) -> None:
        self._place = endpoint.rstrip("/")
        self._sign = sign
        self._connections = Connections()
        self._root = urlsplit(self._place).path

    def ask(
        self,
        method: str,
        container: str,
        key: str,
        *,
        query: Mapping[str, str] = NONE,
        headers: Mapping[str, str] = NONE,
        body: bytes | None = None,
        no: frozenset[str] = frozenset(),
        whole: bool = True,
    ) -> BaseHTTPResponse | None:
        """
        The answer to a request; None where its error is one that says no.

        Args:
            method: GET, HEAD, PUT, POST or DELETE.
            container: Its name.
            key: Of a blob; "" is the container itself.
            query: What is asked for.
            headers: Such as a condition.
            body: What is written.
            no: Codes of errors, such as "BlobNotFound".
            whole: Whether the answer's body is read at once; else it is streamed, and closed, by who asks.

        Raises:
            Transient: There is no answer, or any other. Even a refusal is transient: a right that is missing today is
                granted tomorrow, and what waits is not lost.
        """
        place = f"{self._place}/{container}/{key or query.get('prefix', '')}"
        path = f"{self._root}/{quote(container, safe='$')}" + (f"/{quote(key, safe='/~')}" if key else "")
        asked = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": VERSION, **headers}
        if body is not None:
            asked["Content-Length"] = str(len(body))
        asked["Authorization"] = self._sign(method, path, query, asked)
        target = path + "?" * bool(query) + "&".join(f"{name}={quote(query[name], safe='')}" for name in query)
        try:
            # The path as it was signed: a whole URL would be tidied up, and "a/../b" is a name of its own.
            answer = self._connections.to(self._place).urlopen(
                method, target, body=body, headers=asked, redirect=False, preload_content=whole
            )
            if answer.status in (200, 201, 202, 204, 206):
                return answer
            said = answer.data[:CLIPPED].decode("utf-8", "replace")
        except HTTPError as error:
            raise Transient(f"Azure does not answer for {place}: {why(error)}.") from error
        if answer.headers.get("x-ms-error-code") in no:
            return None
        raise Transient(f"Azure does not answer for {place}: {answer.status} {said}.")


def bearer(token: Callable[[], str]) -> Signer:
    """Sign as an identity of Entra ID; `token` is asked anew for each request."""
    return lambda *_: f"Bearer {token()}"


def shared_key(account: str, key: str) -> Signer:
    """
    Sign with an account's key, as Azurite asks for: its connection string has one.

    "StringToSign = VERB + … + CanonicalizedHeaders + CanonicalizedResource": Authorize with Shared Key.
    """
    secret = b64decode(key)

    def sign(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        length = headers.get("Content-Length", "0")
        match, none = headers.get("If-Match", ""), headers.get("If-None-Match", "")
        plain = [method, "", "", "" if length == "0" else length, "", "", "", "", match, none, "", ""]
        ours = [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-ms-")]
        resource = [f"/{account}{path}", *(f"{name}:{query[name]}" for name in sorted(query))]
        signed = hmac.new(secret, "\n".join([*plain, *ours, *resource]).encode(), hashlib.sha256).digest()
        return f"SharedKey {account}:{b64encode(signed).decode()}"

    return sign


def connected(connection: str, service: str = "Blob") -> Blobs:
    """
    The account of a connection string; its queues are asked as its blobs are.

    >>> connected("AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;")._place
    'http://127.0.0.1:1/a'
    """
    told = dict(part.split("=", 1) for part in connection.split(";") if part)
    account = told["AccountName"]
    suffix = told.get("EndpointSuffix", "core.windows.net")
    endpoint = told.get(f"{service}Endpoint") or f"https://{account}.{service.lower()}.{suffix}"
    return Blobs(endpoint, shared_key(account, told["AccountKey"]))


def name_of(written: str, *, encoded: bool) -> str:
    """
    A blob's name as a listing has it: what XML cannot hold is percent-encoded there.

    >>> name_of("a%2Fb", encoded=False), name_of("a%EF%BF%BEb", encoded=True)
    ('a%2Fb', 'a\\ufffeb')
    """
    return unquote(written) if encoded else written
