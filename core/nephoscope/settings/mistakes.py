"""One mistake in a configuration, and the sentence that tells it: the place, what was found, what was expected."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

At: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root: ("route", "channels", 0)."""

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at one place."""

    at: At
    found: str
    expected: str
    names: tuple[str, ...] = ()  # what could have been written there
    name: str = ""  # what was written instead, for the nearest of `names`
    place: tuple[int, int] | None = None  # line and column, where they are not those of `at`


def sentence(mistake: Mistake) -> str:
    """
    Say what was found, what was expected and which name was probably meant.

    >>> sentence(Mistake((), "'oncal'", "the name of a channel", ("oncall", "mail"), "oncal"))
    "found 'oncal', expected the name of a channel: oncall, mail. Did you mean 'oncall'?"
    """
    names = f": {', '.join(mistake.names)}" if mistake.names else ""
    nearest = difflib.get_close_matches(mistake.name, mistake.names, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"found {mistake.found}, expected {mistake.expected}{names}.{hint}"


def dotted(at: At) -> str:
    """
    Spell a place as people do.

    >>> dotted(("route", "routes", 0, "channels", 1)), dotted(())
    ('route.routes[0].channels[1]', 'the file')
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown_name(step)}" for step in at)
    return text.removeprefix(".") or "the file"


def shown(value: Any) -> str:
    """
    Show a value that was found, without what could be a secret: of a URL only its host, of a collection its kind.

    >>> shown("https://hooks.example.org/T0/B0/xyz"), shown([1]), shown(True), shown(None), shown(5)
    ("'https://hooks.example.org/…'", 'a list', 'true', 'nothing', '5')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{shown_name(value)}'"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else str(value)


def shown_name(text: str) -> str:
    """Cut a text down to one short line that can be shown."""
    line = masked(text)
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"


def masked(text: str) -> str:
    """
    Leave of each URL in a text only its host, which may be told, and make the text one line.

    >>> masked("not https://me:pass@example.org/key")
    'not https://example.org/…'
    """
    hosts_only = re.sub(r"://(?:[^/?#\s]*@)?([^/?#\s]*)(\S*)", lambda url: f"://{url[1]}{'/…' if url[2] else ''}", text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in hosts_only)
