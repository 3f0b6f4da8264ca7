"""
What the JSON Schema finds wrong, every violation at its own place.

The library lists the violations. A union that is told apart by a key reports inside the branch that the key names, and
an object with foreign keys reports each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from cronsim import CronSim, CronSimError
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from nephoscope.alerts import matchers
from nephoscope.settings.bills import Budget
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.datasets import ascending
from nephoscope.settings.durations import duration
from nephoscope.settings.mistakes import At, Mistake, masked, shown
from nephoscope.settings.silencing import Silence, TimeInterval, instant

Schema: TypeAlias = Mapping[str, Any]

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def mistakes(plain: Any) -> Iterator[Mistake]:
    """Every violation of the configuration's schema; several may stand at one place."""
    for error in _VALIDATOR.iter_errors(plain):
        yield from _told(error)


def _told(error: ValidationError) -> Iterator[Mistake]:
    schema: Any = error.schema
    found: Any = error.instance
    at = tuple(error.absolute_path)
    match error.validator:
        case "required":
            yield from _missing(at, found, schema)
        case "additionalProperties":
            yield from _foreign_keys(at, found, schema)
        case "oneOf":
            yield _not_one_of(at, found, schema)
        case "type" if isinstance(found, str) and schema["type"] in ("object", "array"):
            yield Mistake(at, "text", *_expected(schema))
        case _ if "propertyNames" in list(error.relative_schema_path)[-2:]:
            yield _wrong((*at, found), found, schema, error.cause)
        case _:
            yield _wrong(at, found, schema, error.cause)


def _missing(at: At, found: Mapping[str, Any], schema: Schema) -> Iterator[Mistake]:
    for name in schema["required"]:
        if name not in found:
            yield Mistake((*at, name), "nothing", *_expected(schema["properties"][name]))


def _foreign_keys(at: At, found: Mapping[str, Any], schema: Schema) -> Iterator[Mistake]:
    known = tuple(schema.get("properties", ()))
    for key in found:
        if key not in known:
            yield Mistake((*at, key), "an unknown key", "one of", known, key)


def _not_one_of(at: At, found: Any, schema: Schema) -> Mistake:
    names = tuple(name for branch in schema["oneOf"] for name in branch["required"])
    several = [name for name in names if isinstance(found, dict) and name in found]
    return Mistake(at, " and ".join(several) or "none", "exactly one of", names)


def _wrong(at: At, found: Any, schema: Schema, cause: object) -> Mistake:
    is_secret = schema.get("format") == "secret-reference" and found
    because = "" if cause is None or str(cause).startswith(f"'{found}'") else f" ({masked(str(cause))})"
    what = "a value that is written out" if is_secret else shown(found)
    return Mistake(at, what + because, *_expected(schema), name=found if isinstance(found, str) else "")


def _expected(schema: Schema) -> tuple[str, tuple[str, ...]]:
    if "enum" in schema:
        names = tuple(str(value) for value in schema["enum"])
        return (schema.get("title", "one of"), names) if len(names) > 1 else (names[0], ())
    if "format" in schema and "title" in schema:
        return schema["title"], ()
    if "discriminator" in schema:
        return f"a mapping with a '{schema['discriminator']['propertyName']}'", ()
    if schema.get("type") == "object" or "$ref" in schema:
        return "a mapping", ()
    if "anyOf" in schema and "title" not in schema:
        return " or ".join(_expected(branch)[0] for branch in schema["anyOf"]), ()
    return schema.get("title") or _KINDS[schema["type"]], ()


def _any_of(validator: Any, branches: list[Schema], instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if "discriminator" not in schema:
        yield from Draft202012Validator.VALIDATORS["anyOf"](validator, branches, instance, schema)
        return
    key, branch_of = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
    named = {"type": "object", "required": [key], "properties": {key: {"enum": list(branch_of)}}}
    unnamed = list(validator.descend(instance, named))
    yield from unnamed or validator.descend(instance, {"$ref": branch_of[instance[key]]})


def _obeys(kind: type, rule: Callable[[Any], object]) -> Callable[[object], bool]:
    """A format's check: the rule raises what is wrong with a value of its kind; other kinds are the types' business."""

    def check(value: object) -> bool:
        if isinstance(value, kind):
            rule(value)
        return True

    return check


def _five_fields(text: str) -> None:
    """A cron expression that the schedulers of all clouds read alike."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError("it has not five fields")
    CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
    of_month, of_week = fields[2], fields[4]
    for days, kind, instead in ((of_month, "month", "numbers"), (of_week, "week", "numbers or names")):
        # WED has a W of its own.
        if special := re.search("[LW#]", re.sub("[A-Z]{3}", "", days.upper())):
            raise ValueError(f"'{special[0]}' in the days of the {kind}, which not all clouds know; write {instead}")
    # Either is enough to cron, both are needed to Azure, and AWS takes no such expression.
    if of_month != "*" and of_week != "*":
        raise ValueError(
            "days of the month and of the week together, which the clouds read each in its own way; "
            "write * for one of them"
        )


def _interval(bounds: list[Any]) -> None:
    if len(bounds) == 2 and all(isinstance(bound, (int, float)) for bound in bounds):
        ascending((bounds[0], bounds[1]))


def _one_tag(tag: dict[str, Any]) -> None:
    if len(tag) != 1:
        raise ValueError(f"{len(tag)} of them")


def _makes(section: type) -> Callable[[Any], object]:
    """A rule of a whole section: what its own type raises when its parts are right and do not go together."""

    def rule(plain: dict[str, Any]) -> None:
        try:
            msgspec.convert(plain, section)
        except msgspec.ValidationError as error:
            if isinstance(error.__cause__, ValueError):
                raise ValueError(str(error.__cause__)) from error

    return rule


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, kind, rule in (
        ("nephoscope-cron", str, _five_fields),
        ("nephoscope-duration", str, duration),
        ("nephoscope-matcher", str, matchers.parse),
        ("nephoscope-interval", list, _interval),
        ("nephoscope-instant", str, instant),
        ("nephoscope-silence", dict, _makes(Silence)),
        ("nephoscope-time-interval", dict, _makes(TimeInterval)),
        ("nephoscope-budget", dict, _makes(Budget)),
        ("nephoscope-tag", dict, _one_tag),
    ):
        checker.checks(name, raises=(ValueError, CronSimError))(_obeys(kind, rule))
    return checker


# 25.0 is an integer to JSON Schema, but not to the types that read the file afterwards.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
)
_Validator = validators.extend(Draft202012Validator, {"anyOf": _any_of}, type_checker=_TYPES)  # type: ignore[no-untyped-call]
_VALIDATOR = _Validator(msgspec.json.schema(Configuration), format_checker=_formats())
