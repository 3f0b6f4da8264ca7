"""What a command answers: one JSON document, and how a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nephoscope.findings import Verdict

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one command; `document` needs no "schema": the command line adds it."""

    document: Mapping[str, Any]
    text: Callable[[Console], None]
    verdicts: Collection[Verdict] = ()  # what `--fail-on` looks at: all that were met, for a breach hides no unknown
