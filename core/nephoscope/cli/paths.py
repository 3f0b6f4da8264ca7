"""Paths that a command was given."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from nephoscope.drift.profile import Profile, from_json
from nephoscope.errors import BadRecord, BadUsage


def existing_file(path: Path) -> Path:
    """
    Pass a regular file that is there.

    Raises:
        BadUsage: Nothing is there, a directory, or a pipe or a device, which can be read only once.
    """
    if path.is_dir():
        raise BadUsage(f"'{path}' is a directory; a file is needed.", do="name a file in it")
    if not path.exists():
        raise BadUsage(f"There is no file '{path}'.", do="check the path")
    if not path.is_file():
        raise BadUsage(f"'{path}' is no regular file.", do="write what it gives to a file, and name that")
    return path


def stored_profile(path: Path) -> Profile:
    """
    Read a Profile from its file.

    Raises:
        BadUsage: There is no such file.
        BadRecord: It holds none; the sentence names it.
    """
    body = existing_file(path).read_bytes()
    try:
        return from_json(body)
    except BadRecord as error:
        raise BadRecord(f"'{path}': {error.what}", do=error.do) from error


def apart(path: Path, inputs: Iterable[Path]) -> Path:
    """
    Pass a place to write to that is none of the inputs, which are there.

    Raises:
        BadUsage: It is one of them, by its name or through a link.
    """
    for read in inputs:
        if path.exists() and path.samefile(read):
            raise BadUsage(f"'{path}' is read by the same command as '{read}'.", do="name another file to write")
    return path


def write_whole(path: Path, body: bytes) -> None:
    """
    Write a file so that it is there whole or not at all, with the mode of the one it replaces.

    A link's target is replaced, not the link; into what is no regular file, such as a pipe, is written as it is.

    Raises:
        BadUsage: Its place is a directory, or cannot be written to.
    """
    if path.is_dir():
        raise BadUsage(f"'{path}' is a directory; a file is needed.", do="name a file in it")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(body)
        else:
            _replace(Path(os.path.realpath(path)), body)
    except OSError as error:
        raise BadUsage(f"'{path}' cannot be written: {error.strerror}.", do="name a place that can be") from error


def _replace(path: Path, body: bytes) -> None:
    beside = path.with_name(f".{os.getpid()}.part")  # a name as long as allowed leaves no room for more
    try:
        with beside.open("wb") as file:
            if path.exists():
                beside.chmod(path.stat().st_mode)
            file.write(body)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
