"""One HTTP request and its answer: what publishing to a topic, asking for a token or reading a secret takes."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError, IncompleteRead, LocationValueError

from nephoscope.adapters.pooled import Connections, basic, why
from nephoscope.errors import Transient

TIMEOUT_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 1024 * 1024
CLIPPED = 300
NO_ADDRESS = "An address names no host, or a port that is none."
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


_CONNECTIONS = Connections(retries=False)  # who asks knows whether to ask again: a message may have arrived


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
    url, sent = _apart(url)
    sent.update(headers or {})
    try:
        answer = _CONNECTIONS.request(
            method, url, body=body, headers=sent, timeout=timeout_seconds, preload_content=False, decode_content=False
        )
        said = answer.read(LARGEST_ANSWER_BYTES)
        left = answer.length_remaining  # what was promised and did not come, which a read of so many passes over
        if left or len(said) == LARGEST_ANSWER_BYTES:
            answer.close()
        answer.release_conn()
        if left and len(said) < LARGEST_ANSWER_BYTES:
            raise IncompleteRead(len(said), left)
    except LocationValueError:
        raise Transient(NO_ADDRESS, do=CORRECT_IT) from None
    except (HTTPError, OSError) as error:
        raise Transient(f"{urllib.parse.urlsplit(url).netloc} does not answer: {why(error)}.") from error
    return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, said)


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


def _apart(url: str) -> tuple[str, HTTPHeaderDict]:
    """
    The address of a host and a port, and the header that says whose name and password stood before it.

    Headers have one name in whatever case: who tells one replaces it.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        whose, at, host = parts.netloc.rpartition("@")
        if not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise Transient(NO_ADDRESS, do=CORRECT_IT) from None
    if not at:
        return url, HTTPHeaderDict()
    return parts._replace(netloc=host).geturl(), HTTPHeaderDict(Authorization=basic(whose))
