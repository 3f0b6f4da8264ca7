"""The answers of `demo` and `up`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from nephoscope.cli.schemas.document import Document


class VerdictCounts(Document, frozen=True, kw_only=True):
    """How many Findings have each verdict."""

    ok: int
    breach: int
    unknown: int


class Moment(Document, frozen=True, kw_only=True):
    """A state and when it began."""

    state: str
    at: str


class AlertLife(Document, frozen=True, kw_only=True):
    """An Alert's states, the first one first."""

    subject: str
    check: str
    life: list[Moment]


class DemoPlayed(Document, frozen=True, kw_only=True):
    """What landed, what was found and what was told."""

    schema: Literal["nephoscope.demo/1"]
    events: Annotated[int, Meta(description="Distinct Events.")]
    reports: int
    findings: VerdictCounts
    alerts: list[AlertLife]
    messages: Annotated[dict[str, int], Meta(description="What the receivers of each channel got.")]
    lost: Annotated[int, Meta(description="Due in the hub's records and absent at the receivers.")]
    repeated: Annotated[int, Meta(description="Received more than once.")]


class RunnerStopped(Document, frozen=True, kw_only=True):
    """The local runner after a clean stop."""

    schema: Literal["nephoscope.up/1"]
    handled: Annotated[int, Meta(description="Events and messages.")]
    stopped: str
