"""
What stands before the functions where they are served by HTTP: a health endpoint, and a guard.

functions-framework reads a body as JSON whatever its type, answers one of any depth with 500, which is retried for
ever, and takes one of any size. The guard refuses all of that with 4xx before anything else reads it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nephoscope.errors import BadPayload
from nephoscope.payloads.reading import DO, LARGEST_BYTES, document, shaped

HEALTH = "/health"


class _Structured(msgspec.Struct):
    """What a CloudEvent has to have before the framework makes one of it."""

    id: str
    source: str
    type: str
    data_base64: str = ""


def ready(app: Any) -> None:
    """
    Set a Flask app up.

    Args:
        app: The app that functions-framework serves; it is the current one while a handler is imported.
    """
    app.add_url_rule(HEALTH, "health", lambda: ("", 200), methods=["GET"])
    app.before_request(_guard)


def _guard() -> tuple[str, int] | None:
    """Refuse what is too large, or is no JSON that we read; None lets a request in."""
    from flask import request

    if request.method != "POST":
        return None
    if request.content_length is None or request.content_length > LARGEST_BYTES:
        return "", 413
    try:
        _checked(document(request.get_data(cache=True)))
    except BadPayload as error:
        return error.what, 400
    return None


def _checked(body: object) -> None:
    if not isinstance(body, dict):
        raise BadPayload(f"A body is a {type(body).__name__}, not an object.", do=DO)
    if "specversion" in body:
        shaped(body, _Structured, "CloudEvent")
