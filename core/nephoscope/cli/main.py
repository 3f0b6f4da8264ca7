"""Reads the command line, runs one command, prints its answer and chooses the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import msgspec

from nephoscope import __version__
from nephoscope.cli.answer import Answer
from nephoscope.cli.instants import instant
from nephoscope.errors import NephoscopeError
from nephoscope.findings import Verdict

# Each module has `add(commands, options)`, which declares its commands and sets `run` on each.
MODULES: tuple[str, ...] = (
    "demo",
    "up",
    "init",
    "validate",
    "schema",
    "doctor",
    "drift",
    "baseline",
    "cost",
    "series",
    "run",
    "metrics",
    "security",
    "features",
    "alerts",
    "silence",
    "routes",
    "replay",
    "redrive",
)

RAN, BREACH, USAGE, UNKNOWN = 0, 1, 2, 3


class _Parser(argparse.ArgumentParser):
    """An argument parser that says one sentence and exits with 2."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        self.exit(USAGE, f"{sentence}. To do: see '{self.prog} --help'\n")


def global_options() -> argparse.ArgumentParser:
    """The options that are accepted before and after every command."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration (else $NEPHOSCOPE_CONFIG, else ./nephoscope.yaml)",
    )
    options.add_argument("--output", choices=("text", "json"), help="for people (default) or one JSON document")
    options.add_argument("--now", type=instant, metavar="ISO", help="act as if it were this time (with a zone, or UTC)")
    options.add_argument(
        "--fail-on",
        choices=("breach", "unknown"),
        action="append",
        help="exit with 1 on a breach, with 3 on something unknown; may be given twice",
    )
    return options


def parser(modules: Sequence[str] = MODULES) -> argparse.ArgumentParser:
    """The command line with the commands of these modules."""
    options = global_options()
    root = _Parser(
        prog="nephoscope",
        parents=[options],
        description="Watches models, data, features and bills across AWS, Azure and Google Cloud; tells people once.",
    )
    root.add_argument("--version", action="version", version=f"nephoscope {__version__}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for name in modules:
        import_module(f"nephoscope.cli.{name}").add(commands, options)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    # Only what the words name is imported: a comparison of two files knows no hub.
    arguments = parser([name for name in MODULES if name in words] or MODULES).parse_args(words)
    as_json = getattr(arguments, "output", "text") == "json"
    try:
        answer: Answer = arguments.run(arguments)
    except NephoscopeError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return USAGE
    except KeyboardInterrupt:
        return 130
    if as_json:
        document = {"schema": f"nephoscope.{arguments.name}/1", **answer.document}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    else:
        from rich.console import Console  # a JSON document needs no terminal

        answer.text(Console(emoji=False))
    return exit_code(answer.verdict, getattr(arguments, "fail_on", None) or [])


def exit_code(verdict: Verdict, fail_on: Sequence[str]) -> int:
    """
    Choose the exit code; a breach goes before what is unknown.

    >>> exit_code(Verdict.BREACH, []), exit_code(Verdict.BREACH, ["breach"]), exit_code(Verdict.UNKNOWN, ["unknown"])
    (0, 1, 3)
    """
    if str(verdict) not in fail_on:
        return RAN
    return {Verdict.BREACH: BREACH, Verdict.UNKNOWN: UNKNOWN, Verdict.OK: RAN}[verdict]
