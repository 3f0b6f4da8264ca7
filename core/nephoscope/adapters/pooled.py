"""Kept connections, and what comes over them: how objects and records are asked for where no SDK stands between."""

from __future__ import annotations

import base64
import logging
import os
import ssl
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationValueError

from nephoscope.errors import Transient

NONE: Mapping[str, str] = {}  # neither headers nor a query
CLIPPED = 300  # bytes of an answer that an error quotes
CHUNK_BYTES = 8 * 1024 * 1024
SEND_SECONDS = 20.0  # what a body has to be sent in
IDLE_SECONDS = 30.0  # what rested longer may be dead without having said so, as behind a NAT or in a frozen function
# A conditional write may be sent again: where the first one arrived the second is refused, as by a faster writer.
PATIENCE = Retry(
    total=3,
    status_forcelist=(408, 429, 500, 502, 503, 504),
    allowed_methods=None,
    backoff_factor=0.5,
    backoff_jitter=0.5,
    raise_on_status=False,
    respect_retry_after_header=False,
)
# Below that it writes down whole addresses, which may be secrets; what fails is raised.
logging.getLogger("urllib3").setLevel(logging.ERROR)


@cache
def trust() -> ssl.SSLContext:
    """The machine's certificates, which take some 30 ms to read: once, not for each connection."""
    return ssl.create_default_context()


class _Kept(HTTPConnection):
    """A connection that is not used after a long rest or by a fork, and sends a request's headers and body at once."""

    _held: list[bytes] | None = None
    _used_at = 0.0  # by the wall's clock: the monotonic one may stand still while a function is frozen
    _used_by = 0

    @property
    def is_connected(self) -> bool:
        """Whether a request may be sent over it."""
        rested = time.time() - self._used_at
        fresh = 0 <= rested < IDLE_SECONDS and self._used_by == os.getpid()
        return fresh and super().is_connected

    def request(self, *args: Any, **more: Any) -> None:
        """Send a request: a packet less, and the service wakes up once for it."""
        self._held = []
        try:
            super().request(*args, **more)
        finally:
            held, self._held = self._held, None
        if self.sock is None:
            self.connect()
        self._used_at, self._used_by = time.time(), os.getpid()
        self.sock.settimeout(max(self.timeout or 0.0, SEND_SECONDS))  # until here it was that of connecting
        self.send(b"".join(held))

    def send(self, data: Any) -> None:
        """Send this, or hold it until the request is whole."""
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    def getresponse(self) -> Any:
        """An answer; what would follow a hint (1xx) is not taken for the answer to the next request."""
        answer = super().getresponse()
        if answer.status < 200:
            self.close()
        return answer


class _KeptSecure(_Kept, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Kept


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _KeptSecure

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"ssl_context": trust()} | more)


class Connections:
    """
    Kept connections to any host, through the proxy that the environment names for it, as curl goes.

    As many to a host as a sweep has readers. By default, what fails for a moment is asked again.
    """

    def __init__(self, retries: Retry | bool = PATIENCE) -> None:
        self._retries = retries
        self._managers: dict[str, PoolManager] = {}  # by their proxy
        self._found: dict[tuple[str, str], PoolManager] = {}  # by scheme and place

    def request(self, method: str, url: str, **more: Any) -> BaseHTTPResponse:
        """
        Ask an address; redirects are answers.

        Raises:
            Transient: The proxy's address is none.
            urllib3.exceptions.HTTPError: There is no answer.
        """
        return self._manager(url).request(method, url, **{"redirect": False} | more)

    def to(self, url: str) -> HTTPConnectionPool:
        """
        The connections to an address' host alone; a proxy is asked for HTTPS.

        Raises:
            Transient: The proxy's address is none.
        """
        parts = urlsplit(url)
        manager = self._manager(url) if parts.scheme == "https" else self._through("")
        return manager.connection_from_host(parts.hostname, parts.port, parts.scheme)

    def _manager(self, url: str) -> PoolManager:
        scheme, place = urlsplit(url)[:2]
        if (scheme, place) not in self._found:
            proxy = getproxies().get(scheme, "")
            self._found[scheme, place] = self._through("" if proxy and proxy_bypass(place) else proxy)
        return self._found[scheme, place]

    def _through(self, proxy: str) -> PoolManager:
        """One for each proxy; "" is none."""
        if proxy not in self._managers:
            options: dict[str, Any] = {"maxsize": 16, "retries": self._retries, "timeout": Timeout(connect=3, read=20)}
            made = _proxied(proxy, options) if proxy else PoolManager(**options)
            made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
            self._managers[proxy] = made
        return self._managers[proxy]


def why(error: Exception) -> str:
    """
    What went wrong beneath: without the client's own words for it, and without the address, which may be a secret.

    >>> from urllib3.exceptions import MaxRetryError, ProtocolError
    >>> why(MaxRetryError(HTTPConnectionPool("h"), "/secret", ProtocolError("Connection aborted.", OSError("reset"))))
    'reset'
    """
    if isinstance(error, LocationValueError):
        return "the address is none"
    told = (getattr(error, "reason", None), error.__cause__, *error.args) if isinstance(error, HTTPError) else ()
    return next((why(beneath) for beneath in told if isinstance(beneath, Exception)), str(error))


def basic(whose: str) -> str:
    """
    What says whose name and password stood in an address, in UTF-8 as curl sends them (RFC 7617, 2).

    >>> basic("ops:p%40ss") == f"Basic {base64.b64encode(b'ops:p@ss').decode()}"
    True
    """
    name, _, password = whose.partition(":")
    return f"Basic {base64.b64encode(f'{unquote(name)}:{unquote(password)}'.encode()).decode()}"


def _proxied(proxy: str, options: Mapping[str, Any]) -> ProxyManager:
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        whose, at, _ = urlsplit(address).netloc.rpartition("@")
        headers = {"Proxy-Authorization": basic(whose)} if at else None
        return ProxyManager(address, proxy_headers=headers, **options)
    except (ValueError, AssertionError):
        raise Transient(
            "The proxy that the environment names is no address.", do="correct HTTP_PROXY and HTTPS_PROXY"
        ) from None


def copied(found: BaseHTTPResponse, into: Path, *, most_bytes: int) -> int:
    """
    Copy the body of an answer into a file; returns its size, and leaves no file where that is over `most_bytes`.

    What is stored packed stays packed, whatever its headers say: who reads it sees where a packed file was cut off,
    which unpacking on the way does not. An answer that tells no length is counted as it comes.
    """
    told = int(found.headers.get("Content-Length") or 0)
    if told > most_bytes:
        return told
    size = 0
    with into.open("wb") as file:
        for chunk in found.stream(CHUNK_BYTES, decode_content=False):
            size += len(chunk)
            if size > most_bytes:
                break
            file.write(chunk)
    if size > most_bytes:
        into.unlink()
    return size
