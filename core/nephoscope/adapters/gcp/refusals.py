"""Google's errors in our two families, for what reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPIError, RetryError
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import RequestException

from nephoscope.errors import Transient


@contextmanager
def translated(what: str) -> Iterator[None]:
    """
    Raise Transient for what Google does not answer or refuses.

    Even a refusal is transient: a right that is missing today is granted tomorrow, and what waits is not lost.
    """
    try:
        yield
    except (GoogleAPIError, RetryError, GoogleAuthError, RequestException) as error:
        raise Transient(f"Google does not answer for {what}: {error}.") from error
