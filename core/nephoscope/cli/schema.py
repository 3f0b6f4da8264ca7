"""`schema` prints the configuration's JSON Schema, or that of a command's answer."""

from __future__ import annotations

import argparse
import difflib
from typing import Any

import msgspec
from rich.console import Console

from nephoscope.cli.answer import Answer
from nephoscope.cli.schemas import ANSWERS
from nephoscope.errors import BadUsage
from nephoscope.settings import Configuration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.add_argument(
        "command",
        nargs="*",
        metavar="COMMAND",
        help="the command, such as 'drift compare'; the configuration when absent",
    )
    command.set_defaults(run=schema, name="schema")


def schema(arguments: argparse.Namespace) -> Answer:
    """
    Find a schema by the command's words.

    Raises:
        BadUsage: No command of this name has one.
    """
    name = ".".join(arguments.command)
    if name and name not in ANSWERS:
        nearest = difflib.get_close_matches(name, ANSWERS, n=1)
        hint = f"did you mean '{nearest[0]}'? " if nearest else ""
        raise BadUsage(
            f"There is no command '{name}' with an answer.", do=f"{hint}choose one of {', '.join(sorted(ANSWERS))}"
        )
    document = schema_of(ANSWERS[name] if name else Configuration)

    def text(console: Console) -> None:
        console.print_json(data=document)

    return Answer(document, text)


def schema_of(kind: type) -> dict[str, Any]:
    """Write a type's JSON Schema, with the dialect it is written in."""
    return {"$schema": DIALECT, **msgspec.json.schema(kind)}
