"""
Alertmanager's matchers: `name="value"`, `!=`, `=~`, `!~`; a regular expression must match the whole value.

Alertmanager's expressions run in time linear in the text. Python's do not, so that those which could blow up are
refused (`explosive.py`), and only the first 200 characters of a value are looked at: names of ours are shorter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from nephoscope.alerts.explosive import explodes

LOOKED_AT = 200  # characters of a value

_FORM = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s][^"]*?)|)\s*')


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is missing has the empty value."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        value = self.value if "~" in self.operator else self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}{self.operator}"{value}"'

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
    if found is None:
        raise ValueError(f'\'{text}\' is no matcher; write name="value", name!="value", name=~"regex" or name!~"regex"')
    name, operator, quoted, bare = found.groups()
    if "~" not in operator:
        return Matcher(name, operator, re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare or "")
    expression = quoted if quoted is not None else bare or ""
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"'{expression}' is no regular expression: {error}") from error
    if (why := explodes(expression)) is not None:
        raise ValueError(f"'{expression}' is refused: {why}")
    return Matcher(name, operator, expression)
