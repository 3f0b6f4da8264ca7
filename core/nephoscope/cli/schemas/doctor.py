"""The answer of `doctor`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from nephoscope.cli.schemas.document import Document


class Counts(Document, frozen=True, kw_only=True):
    """How many probes had each outcome."""

    ok: int
    failed: int
    not_tried: int


class Examined(Document, frozen=True, kw_only=True):
    """One call and its answer."""

    kind: Literal["source", "right", "topic", "channel", "secret", "schedule"]
    name: Annotated[str, Meta(description="As the configuration spells it.")]
    call: Annotated[str, Meta(description="The call that was made, or would have been.")]
    outcome: Literal["ok", "failed", "not_tried"]
    answer: str
    do: Annotated[str, Meta(description="What to do; empty where there is nothing to do.")]


class DoctorAsked(Document, frozen=True, kw_only=True):
    """Everything that the configuration names, and whether it answers."""

    schema: Literal["nephoscope.doctor/1"]
    counts: Counts
    checkups: list[Examined]
