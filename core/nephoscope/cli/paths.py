"""Paths that a command was given."""

from __future__ import annotations

import os
from pathlib import Path

from nephoscope.errors import BadUsage


def existing_file(path: Path) -> Path:
    """
    Pass a file that is there.

    Raises:
        BadUsage: Nothing is there, or a directory.
    """
    if path.is_dir():
        raise BadUsage(f"'{path}' is a directory; a file is needed.", do="name a file in it")
    if not path.exists():
        raise BadUsage(f"There is no file '{path}'.", do="check the path")
    return path


def write_whole(path: Path, body: bytes) -> None:
    """
    Write a file so that it is there whole or not at all.

    Raises:
        BadUsage: Its place is a directory, or cannot be written to.
    """
    if path.is_dir():
        raise BadUsage(f"'{path}' is a directory; a file is needed.", do="name a file in it")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(body)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadUsage(f"'{path}' cannot be written: {error.strerror}.", do="name a place that can be") from error
