"""The answers of `init` and `validate`."""

from __future__ import annotations

from typing import Literal

from nephoscope.cli.schemas.document import Document
from nephoscope.settings.section import Cloud


class Initialised(Document, frozen=True, kw_only=True):
    """The configuration that was started."""

    schema: Literal["nephoscope.init/1"]
    path: str


class Validated(Document, frozen=True, kw_only=True):
    """What a configuration without mistakes holds."""

    schema: Literal["nephoscope.validate/1"]
    path: str
    version: int
    hash: str
    hub: Cloud
    datasets: list[str]
    models: list[str]
    timers: dict[str, str]
    channels: list[str]
    unrouted_channels: list[str]
    routes: int
