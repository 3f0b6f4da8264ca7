"""Alertmanager's matchers: `name="value"`, `!=`, `=~`, `!~`; a regular expression must match the whole value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FORM = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s][^"]*?))\s*')


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is missing has the empty value."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f'{self.name}{self.operator}"{self.value}"'

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels fulfils the condition."""
        have = labels.get(self.name, "")
        hit = re.fullmatch(self.value, have) is not None if "~" in self.operator else have == self.value
        return hit is not self.operator.startswith("!")


def parse(text: str) -> Matcher:
    """
    Read one matcher.

    Raises:
        ValueError: It has another form, or its regular expression is not one.

    >>> parse('severity="high"').matches({"severity": "high"}), parse('model!~"fraud.*"').matches({"model": "fraud_v2"})
    (True, False)
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f'\'{text}\' is no matcher; write name="value", name!="value", name=~"regex" or name!~"regex"')
    name, operator, quoted, bare = found.groups()
    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None and "~" not in operator else (quoted or bare or "")
    if "~" in operator:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"'{value}' is no regular expression: {error}") from error
    return Matcher(name, operator, value)
