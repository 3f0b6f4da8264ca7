r"""
Alertmanager's matchers: `name="value"`, `!=`, `=~`, `!~`; a regular expression must match the whole value.

A value is unescaped before it is anything else, an expression too, quoted or not: `\\` is a backslash, `\"` a quote and
`\n` a line feed; before any other character a backslash stands for itself. So `model=~"fraud\.v2"` and
`model=~"fraud\\.v2"` are one matcher, and `str` writes the second.

Alertmanager's expressions run in time linear in the text. Python's do not, so that those which could blow up are
refused (`explosive.py`), and only the first 200 characters of a value are looked at: names of ours are shorter. What
Python would take for something else is refused as well.

Source: ParseMatcher and openMetricsEscape in github.com/prometheus/alertmanager, pkg/labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from nephoscope.alerts.explosive import explodes

LOOKED_AT = 200  # characters of a value

_FORM = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_VALUE = re.compile(r'("?)((?:[^"\\]|\\.|\\\Z)*)\1', re.DOTALL)
_ESCAPE = re.compile(r'\\([\\"n])')
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

# In groups: a class of characters by its name, and repeats that Alertmanager takes for letters or for too many.
_OTHERWISE = re.compile(
    r"\\.|(\[\^?\]?(?:\\.|[^\]\\])*?\[:)|\[\^?\]?(?:\\.|[^\]\\])*\]|(\{(?:,\d*|\d{5,},?\d*|\d+,\d{5,})\})", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is missing has the empty value."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f'{self.name}{self.operator}"{self.value.translate(_ESCAPED)}"'

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels fulfils the condition."""
        have = labels.get(self.name, "")
        hit = _whole(self.value, have) if "~" in self.operator else have == self.value
        return hit is not self.operator.startswith("!")


@lru_cache(maxsize=1024)
def _whole(expression: str, value: str) -> bool:
    return re.fullmatch(expression, value[:LOOKED_AT], re.DOTALL) is not None


@lru_cache(maxsize=1024)
def parse(text: str) -> Matcher:
    """
    Read one matcher.

    Raises:
        ValueError: It has another form, or its regular expression is not one, or one that blows up.

    >>> parse('severity="high"').matches({"severity": "high"}), parse('model!~"fraud.*"').matches({"model": "fraud_v2"})
    (True, False)
    """
    found = _FORM.fullmatch(text)
    written = _VALUE.fullmatch(found[3]) if found is not None else None
    if found is None or written is None:
        raise ValueError(f'\'{text}\' is no matcher; write name="value", name!="value", name=~"regex" or name!~"regex"')
    name, operator = found[1], found[2]
    value = _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], written[2])
    if "~" in operator and (why := _refused(value)) is not None:
        raise ValueError(f"'{value}' {why}")
    return Matcher(name, operator, value)


def _refused(expression: str) -> str | None:
    """Why a regular expression may not be used; None for one that means here what it means to Alertmanager."""
    if part := next((part[0] for part in _OTHERWISE.finditer(expression) if part.lastindex), None):
        return (
            f"is refused: its part '{part}' would mean something else than to Alertmanager; "
            "write characters as in [0-9a-z], and how often as in {0,9}"
        )
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is no regular expression: {error}"
    why = explodes(expression)
    return None if why is None else f"is refused: {why}"
