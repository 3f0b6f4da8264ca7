"""AWS errors in our two families, for what reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from nephoscope.errors import Permanent, Transient

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "ResourceNotFoundException"})
TOO_LATE = frozenset({"PreconditionFailed", "412"})
MEANWHILE = frozenset({"ConditionalRequestConflict", "OperationAborted"})


def code(error: ClientError) -> str:
    """The error's code, such as 'NoSuchKey'."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """
    Raise Transient for what AWS does not answer or refuses, Permanent for what was never sent.

    Even a refusal is transient: a right that is missing today is granted tomorrow, and what waits is not lost.
    """
    try:
        yield
    except ParamValidationError as error:
        raise Permanent(f"AWS was not asked for {what}: {error}.", do="correct the name") from error
    except (ClientError, BotoCoreError) as error:
        raise Transient(f"AWS does not answer for {what}: {error}.") from error
