"""
A YAML file as it was written: plain values, and where each of them stands.

Only what JSON can say is read (YAML 1.2 without tags, anchors and aliases), because the same configuration travels to
the clouds as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nephoscope.errors import BadSettings
from nephoscope.settings.mistakes import At, Mistake

_SCALARS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp")}
_GREATEST = 2**63 - 1
_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


@dataclass(frozen=True, slots=True)
class Written:
    """Plain values, the line and column (from 1) of each, and the mistakes that YAML itself shows."""

    plain: Any
    places: dict[At, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    unread: set[At] = field(default_factory=set)  # where None stands for what could not be read


def read(text: str, name: str) -> Written:
    """
    Read a YAML text.

    Raises:
        BadSettings: It is broken, empty, or more than one document.
    """
    yaml = YAML(typ="safe", pure=True)
    written = Written(None)
    try:
        root = yaml.compose(text)
        if root is None:
            raise BadSettings(f"{name} is empty.", do="start from an example: nephoscope init")
        return replace(written, plain=_plain(root, (), yaml, written))
    except YAMLError as error:
        raise BadSettings(f"{name} is no YAML: {_sentence(error)}.", do="correct it there") from error
    except RecursionError as error:
        raise BadSettings(f"{name} is nested too deeply to be read.", do="write it flat") from error


def _sentence(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def _refuse(at: At, found: str, expected: str, written: Written) -> None:
    written.unread.add(at)
    written.mistakes.append(Mistake(at, found, expected))


def _plain(node: Node, at: At, yaml: YAML, written: Written) -> Any:
    written.places.setdefault(at, _place(node))
    if node.anchor is not None:
        return _refuse(at, f"the anchor '&{node.anchor}'", "every value written where it belongs", written)
    if node.tag not in _SCALARS | _COLLECTIONS:
        return _refuse(at, f"the tag '{node.tag}'", "a plain value", written)
    if isinstance(node, MappingNode):
        return {key: _plain(value, (*at, key), yaml, written) for key, value in _items(node, at, written)}
    if isinstance(node, SequenceNode):
        return [_plain(item, (*at, index), yaml, written) for index, item in enumerate(node.value)]
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value
    return _scalar(node, at, yaml, written)


def _items(node: MappingNode, at: At, written: Written) -> Iterator[tuple[str, Node]]:
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or key.tag != "tag:yaml.org,2002:str" or _halved(key.value):
            found = "a key that is no text"
            written.mistakes.append(Mistake(at, found, "keys of text; put it into quotes", place=_place(key)))
        elif (*at, key.value) in written.places:
            first, _ = written.places[*at, key.value]
            found = f"the key again that stands in line {first}"
            written.mistakes.append(Mistake((*at, key.value), found, "each key once", place=_place(key)))
        else:
            written.places[*at, key.value] = _place(key)
            yield key.value, value


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _scalar(node: Node, at: At, yaml: YAML, written: Written) -> Any:
    try:
        value = yaml.constructor.construct_object(node)
    except ValueError:
        return _refuse(at, "a number that cannot be read", "a number", written)
    if isinstance(value, float) and not math.isfinite(value):
        return _refuse(at, f"the number {node.value}", "a finite number", written)
    if isinstance(value, int) and abs(value) > _GREATEST:
        return _refuse(at, f"a number of {len(node.value)} digits", "a number that fits into 64 bits", written)
    if isinstance(value, str) and _halved(value):
        return _refuse(at, "half of a character", "text in whole characters", written)
    return value


def _halved(text: str) -> bool:
    """Whether an escape named half of a surrogate pair, which no UTF-8 can carry."""
    return any("\ud800" <= character <= "\udfff" for character in text)
