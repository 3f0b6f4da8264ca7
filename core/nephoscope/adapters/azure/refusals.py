"""Azure's errors in our two families, for what reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError

from nephoscope.errors import Transient


@contextmanager
def translated(what: str) -> Iterator[None]:
    """
    Raise Transient for what Azure does not answer or refuses.

    Even a refusal is transient: a right that is missing today is granted tomorrow, and what waits is not lost.
    """
    try:
        yield
    except AzureError as error:
        raise Transient(f"Azure does not answer for {what}: {error}.") from error
