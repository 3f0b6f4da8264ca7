"""People's YAML to a Configuration, or every mistake in it as one line each."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nephoscope.errors import BadSettings, BadUsage
from nephoscope.settings import references, violations, written
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.mistakes import At, Mistake, dotted, sentence

LARGEST_BYTES = 1024 * 1024


def configuration(path: Path) -> Configuration:
    """
    Read a nephoscope.yaml.

    Raises:
        BadUsage: There is no such file, or it is a directory.
        BadSettings: It is no YAML, or it has mistakes.
    """
    yaml = written.read(_text(path), str(path))
    try:
        found = _found(yaml, path.absolute().parent)
    except RecursionError as error:
        raise BadSettings(f"{path} is nested too deeply to be read.", do="write it flat") from error
    if found:
        raise _bad(path, yaml, found)
    return msgspec.convert(yaml.plain, Configuration)


def _found(yaml: written.Written, folder: Path) -> list[Mistake]:
    first: dict[At, Mistake] = {}
    for mistake in (*violations.mistakes(yaml.plain), *references.mistakes(yaml.plain, folder)):
        if not any(mistake.at[:length] in yaml.unread for length in range(len(mistake.at) + 1)):
            first.setdefault(mistake.at, mistake)
    return [*yaml.mistakes, *first.values()]


def _text(path: Path) -> str:
    if not path.exists():
        raise BadUsage(f"There is no file {path}.", do="name one with --config, or start one: nephoscope init")
    if path.is_dir():
        raise BadUsage(f"{path} is a directory, a configuration is a file.", do="name the file in it with --config")
    try:
        with path.open("rb") as file:  # which may be a pipe, or have no end
            body = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise BadUsage(
            f"{path} cannot be read: {error.strerror}.", do="make it readable, or name another one"
        ) from error
    if len(body) > LARGEST_BYTES:
        raise BadSettings(f"{path} has more than {LARGEST_BYTES} bytes.", do="make it smaller")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSettings(
            f"{path} is not in UTF-8: byte {error.start} is {body[error.start]:#04x}.", do="save it as UTF-8"
        ) from error


def _bad(path: Path, yaml: written.Written, found: list[Mistake]) -> BadSettings:
    lines = sorted({(*_place(mistake, yaml), _line(path, yaml, mistake)) for mistake in found})
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return BadSettings(
        f"{path} has {count}.", do="correct each, then: nephoscope validate", mistakes=tuple(text for *_, text in lines)
    )


def _line(path: Path, yaml: written.Written, mistake: Mistake) -> str:
    line, column = _place(mistake, yaml)
    return f"{path}:{line}:{column}: {dotted(mistake.at)}: {sentence(mistake)}"


def _place(mistake: Mistake, yaml: written.Written) -> tuple[int, int]:
    if mistake.place is not None:
        return mistake.place
    at = mistake.at
    while at not in yaml.places:
        at = at[:-1]
    return yaml.places[at]
