"""Reads the command line, runs one command, prints its answer and chooses the exit code."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from nephoscope import __version__
from nephoscope.cli.answer import Answer
from nephoscope.cli.instants import instant
from nephoscope.cli.stopping import stoppable
from nephoscope.errors import BadUsage, NephoscopeError
from nephoscope.findings import Verdict, worst

# What each command is for. Its module has `add(parser, options)`, which declares the rest and sets `run`.
COMMANDS: Mapping[str, str] = {
    "demo": "a year of real flights becomes alerts, on this machine, without an account",
    "up": "run timers, watched folders, the topic and the hub on this machine, until interrupted",
    "init": "start a configuration from a commented example",
    "validate": "check the configuration; tell every mistake at once",
    "schema": "print the JSON Schema of the configuration or of a command's answer",
    "doctor": "ask every source, right, topic, channel, secret and schedule if it answers",
    "drift": "compare tables, make and merge Profiles",
    "baseline": "the stored versions of a data set's Baseline",
    "cost": "what the clouds charge",
    "series": "what stands out in a time series",
    "run": "run one job once, as its handler would",
    "metrics": "model-quality metrics",
    "security": "security events",
    "features": "the feature store",
    "alerts": "what is wrong now, and an Alert's whole life",
    "silence": "keep Alerts back for a while, with a reason",
    "routes": "where an Alert would go, and why",
    "replay": "show what a Report would tell whom; nobody is told",
    "redrive": "try again: the topic's dead letters, or what a dead channel missed",
}

RAN, BREACH, USAGE, UNKNOWN = 0, 1, 2, 3


class _Parser(argparse.ArgumentParser):
    """An argument parser that says one sentence and exits with 2."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        _say(f"{sentence}. To do: see '{self.prog} --help'")
        self.exit(USAGE)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        with _written_out():  # what was asked for with --help or --version
            sys.stdout.flush()
        super().exit(status, message)


class _Each(argparse.Action):
    """Keeps each value, wherever it stands; argparse's own `append` forgets before a command what comes after it."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self._given: list[str] = []

    def __call__(self, _: object, namespace: argparse.Namespace, value: Any, __: object = None) -> None:
        self._given.append(value)
        setattr(namespace, self.dest, self._given)


def _global_options() -> _Parser:
    """The options that are accepted before and after every command."""
    options = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
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
        action=_Each,
        help="exit with 1 on a breach, with 3 on something unknown; may be given twice",
    )
    return options


def parser(named: Collection[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line, with what follows the commands that are named: a comparison of two files loads no hub."""
    options = _global_options()
    root = _Parser(
        prog="nephoscope",
        parents=[options],
        description="Watches models, data, features and bills across AWS, Azure and Google Cloud; tells people once.",
    )
    root.add_argument("--version", action="version", version=f"nephoscope {__version__}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, parents=[options], help=purpose)
        if name in named:
            import_module(f"nephoscope.cli.{name}").add(command, options)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what nobody foresaw is 2 as well, with its traceback."""
    words = sys.argv[1:] if argv is None else argv
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed: whoever did that does not want to read it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with stoppable() as came:
        try:
            return _answered(words, came)
        except KeyboardInterrupt:
            told = ""
        except NephoscopeError as error:
            told = str(error)
        except OSError as error:
            told = _sentence(error)
        except Exception:  # noqa: BLE001  # Python's own exit code for it is 1, which is a breach here
            told = traceback.format_exc().rstrip()
    if came or not told:
        number = came[0] if came else signal.SIGINT
        _say(f"{number.name} ended this before it had an answer. To do: give the command again.")
        return 128 + number
    _say(told)
    return USAGE


def _answered(words: Sequence[str], came: Collection[signal.Signals]) -> int:
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise BadUsage(f"{word!a} is not UTF-8.", do="write it in UTF-8, or rename the file") from error
    arguments = parser(COMMANDS.keys() & set(words)).parse_args(words)
    as_json = getattr(arguments, "output", "text") == "json"
    # With a JSON document to come, whatever else a command prints goes to stderr: Messages of a console channel.
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        answer: Answer = arguments.run(arguments)
    if came:  # and was swallowed, with what the answer rests on
        raise KeyboardInterrupt
    with _written_out():
        _show(answer, {"schema": f"nephoscope.{arguments.name}/1", **answer.document} if as_json else None)
    return exit_code(answer.verdicts, getattr(arguments, "fail_on", None) or [])


def _show(answer: Answer, document: Mapping[str, Any] | None) -> None:
    if document is not None:
        try:
            body = msgspec.json.encode(document)
        except UnicodeEncodeError as error:
            raise BadUsage(
                f"{ascii(error.object)[:200]} is not UTF-8, which JSON is in.", do="rename the file, or ask for text"
            ) from error
        sys.stdout.buffer.write(msgspec.json.format(body) + b"\n")
    else:
        from rich.console import Console  # a JSON document needs no terminal

        console = Console(emoji=False)
        with console.capture() as shown:  # it would end the process with 1 where nobody reads any more
            answer.text(console)
        sys.stdout.write(shown.get())
    sys.stdout.flush()


@contextmanager
def _written_out() -> Iterator[None]:
    """What of stdout cannot be written is dropped, else it fails again as Python ends, with an exit code of its own."""
    try:
        yield
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _say(sentence: str) -> None:
    try:
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:  # the exit code says it alone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _sentence(error: OSError) -> str:
    """What the system refused, and for which file; a name too long to be read is cut."""
    what = error.strerror or str(error)
    named = "" if error.filename is None else f"'{str(error.filename)[:200]}': "
    return f"{named}{what}. To do: name another file, or mend what the system says."


def exit_code(verdicts: Collection[Verdict], fail_on: Sequence[str]) -> int:
    """
    Choose the exit code: of what is asked for and was met, a breach goes before what is unknown.

    >>> both = [Verdict.BREACH, Verdict.UNKNOWN]
    >>> exit_code(both, []), exit_code(both, ["unknown"]), exit_code(both, ["unknown", "breach"])
    (0, 3, 1)
    """
    asked = [verdict for verdict in verdicts if str(verdict) in fail_on]
    return {Verdict.BREACH: BREACH, Verdict.UNKNOWN: UNKNOWN, Verdict.OK: RAN}[worst(asked)]
