"""What every part of the configuration is made of: strict sections, and scalars that say what they expect."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct


class Section(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One mapping of the configuration; a key nobody declared is a mistake."""


# `title` is the expectation that a mistake names; `format` is a rule that the YAML reader checks beyond the pattern.

Cloud: TypeAlias = Literal["local", "aws", "azure", "gcp"]

Name: TypeAlias = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", title="a name of letters, digits, '_', '.' and '-'"),
]


Text: TypeAlias = Annotated[str, Meta(min_length=1, title="text")]

Runbook: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^https://[^\s/]+(/[^\s]*)?$",
        max_length=200,
        title="the address of a page, https://…, at most 200 characters",
        description="The page that says what to do about it.",
    ),
]

Secret: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(env|aws-sm|azure-kv|gcp-sm):[^\s]+$",
        title="a reference to a secret (env:NAME, aws-sm:…, azure-kv:… or gcp-sm:…), never the secret itself",
        extra_json_schema={"format": "secret-reference"},
    ),
]
"""Where a secret is kept; its value is never in the configuration, a message or a log."""
