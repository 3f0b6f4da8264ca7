"""One HTTP request and its answer: what publishing to a topic, asking for a token or reading a secret takes."""

from __future__ import annotations

import base64
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from nephoscope.errors import Transient

TIMEOUT_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 1024 * 1024
CLIPPED = 300
CORRECT_IT = "correct it in the configuration, or the secret it names"
_PLAIN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the headers by their names in lower case, and the body that came with them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The beginning of the body, for people."""
        return self.body[:CLIPPED].decode("utf-8", "replace")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: nobody is sent where the configuration does not point."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def request(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """
    Send one request; any status is an answer. A user's name and password in the address become a header of Basic.

    Raises:
        Transient: There was no whole answer, or the address is none; it is not repeated, for it may be a secret.
    """
    if not url.startswith(("https://", "http://")):
        raise Transient("An address is no HTTP address.", do=CORRECT_IT)
    if not _PLAIN.fullmatch(url):
        raise Transient("An address has blanks, line breaks or letters that no address has.", do=CORRECT_IT)
    url, credentials = _apart(url)
    asked = urllib.request.Request(url, data=body, headers=credentials | dict(headers or {}), method=method)  # noqa: S310
    try:
        with _opened(asked, timeout_seconds) as answer:
            return _answer(answer.status, answer.headers, answer)
    except (OSError, http.client.HTTPException) as error:
        raise Transient(f"{urllib.parse.urlsplit(url).netloc} does not answer: {error}.") from error


def accepted(answer: Answer, who: str) -> Answer:
    """
    Pass a 2xx.

    Raises:
        Transient: It is none; with the wait that a 429 or 503 asked for. A refusal is transient too: what was to be
            sent is kept, and sent again once somebody set it right.
    """
    if 200 <= answer.status < 300:
        return answer
    wait = answer.headers.get("retry-after", "")
    raise Transient(
        f"{who} answered {answer.status}: {answer.text}",
        do="look at what it says; it is tried again",
        retry_after_seconds=float(wait) if wait.isdigit() else None,
    )


def _apart(url: str) -> tuple[str, dict[str, str]]:
    """The address of a host and a port, and the header that says whose name and password stood before it."""
    try:
        parts = urllib.parse.urlsplit(url)
        whose, at, host = parts.netloc.rpartition("@")
        if not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise Transient("An address names no host, or a port that is none.", do=CORRECT_IT) from None
    if not at:
        return url, {}
    said = ":".join(urllib.parse.unquote(part) for part in whose.split(":", 1))
    told = base64.b64encode(said.encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {told}"}


def _opened(asked: urllib.request.Request, timeout_seconds: float) -> Any:
    """The answer, whatever its status."""
    try:
        return _OPENER.open(asked, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        return error


def _answer(status: int, headers: Message, stream: http.client.HTTPResponse | urllib.error.HTTPError) -> Answer:
    body = stream.read(LARGEST_ANSWER_BYTES)
    left = getattr(stream, "length", None)  # what was promised and did not come, which a read of so many passes over
    if left and len(body) < LARGEST_ANSWER_BYTES:
        raise http.client.IncompleteRead(body, left)
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)
