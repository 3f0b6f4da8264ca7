"""Kept connections, and what comes over them: how objects and records are asked for where no SDK stands between."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

NONE: Mapping[str, str] = {}  # neither headers nor a query
CLIPPED = 300  # bytes of an answer that an error quotes
CHUNK_BYTES = 8 * 1024 * 1024
# A conditional write may be sent again: where the first one arrived the second is refused, as by a faster writer.
_PATIENCE = Retry(
    total=3,
    status_forcelist=(408, 429, 500, 502, 503, 504),
    allowed_methods=None,
    backoff_factor=0.5,
    backoff_jitter=0.5,
    raise_on_status=False,
    respect_retry_after_header=False,
)


class _Whole:
    """Sends a request's headers and its body at once: a packet less, and the service wakes up once for it."""

    _held: list[bytes] | None = None

    def request(self, *args: Any, **more: Any) -> None:
        """Send a request."""
        self._held = []
        try:
            super().request(*args, **more)  # type: ignore[misc]
        finally:
            held, self._held = self._held, None
        self.send(b"".join(held))

    def send(self, data: Any) -> None:
        """Send this, or hold it until the request is whole."""
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held.append(data)


class _Connection(_Whole, HTTPConnection):
    pass


class _SecureConnection(_Whole, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def pool() -> PoolManager:
    """Connections for as many readers as a sweep has; what fails for a moment is asked again."""
    made = PoolManager(maxsize=16, retries=_PATIENCE, timeout=Timeout(connect=3, read=20))
    made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return made


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
