"""The files that paths, folders and patterns name."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from nephoscope.adapters.files.bills.deliveries import Batch, Chosen, around, choose, is_manifest
from nephoscope.errors import BadUsage


def find(paths: Iterable[str]) -> Chosen:
    """
    Find the files of bills.

    Args:
        paths: Files, folders (with everything below them) and patterns such as `bills/**/*.parquet`. A manifest stands
            for the files it lists.

    Returns:
        What counts; a file that was named itself counts whatever its suffix is.

    Raises:
        BadUsage: A path is not there, or a folder or pattern holds no file.
    """
    named: dict[Path, None] = {}
    below: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            below += _checked(text, _files_below(path))
        elif path.exists() and is_manifest(path):
            below += around(path.resolve())
        elif path.exists():
            named[path.resolve()] = None
        else:
            matches = [Path(match) for match in glob.glob(text, recursive=True)]  # noqa: PTH207  # absolute ones too
            below += _checked(text, [file for match in matches for file in _files_below(match)])
    chosen = choose(path.resolve() for path in below)
    inside = {path for batch in chosen.batches for path in batch.paths}
    alone = [Batch((path,)) for path in named if path not in inside]
    return Chosen((*alone, *chosen.batches), chosen.missing, chosen.superseded)


def _files_below(path: Path) -> list[Path]:
    files = path.rglob("*") if path.is_dir() else [path]
    return [file for file in files if file.is_file() and not file.name.startswith((".", "_"))]


def _checked(text: str, files: list[Path]) -> list[Path]:
    if not files:
        raise BadUsage(f"'{text}' is no file, and no folder or pattern with files.", do="name the exported bills")
    return files
