"""The files that paths, folders and patterns name."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from nephoscope.adapters.files.bills.deliveries import Chosen, choose
from nephoscope.errors import BadUsage


def find(paths: Iterable[str]) -> Chosen:
    """
    Find the files of bills.

    Args:
        paths: Files, folders (with everything below them) and patterns such as `bills/**/*.parquet`.

    Returns:
        What counts; a file that was named itself counts whatever its suffix is.

    Raises:
        BadUsage: A path is not there, or a folder or pattern holds no file.
    """
    named: list[Path] = []
    below: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            below += _checked(text, [file for file in path.rglob("*") if _is_data(file)])
        elif path.exists():
            named.append(path)
        else:
            matches = [Path(match) for match in glob.glob(text, recursive=True)]  # noqa: PTH207  # absolute patterns too
            files = [match for match in matches if match.is_file()]
            folders = [file for match in matches if match.is_dir() for file in match.rglob("*") if _is_data(file)]
            below += _checked(text, files + folders)
    chosen = choose([*below, *(path for path in named if path.name.lower().endswith("manifest.json"))])
    alone = [path for path in named if not path.name.lower().endswith("manifest.json")]
    return Chosen(
        tuple(dict.fromkeys(path.resolve() for path in [*alone, *chosen.files])),
        {path.resolve(): view for path, view in chosen.views.items()},
        chosen.missing,
        chosen.superseded,
    )


def _is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "_"))


def _checked(text: str, files: list[Path]) -> list[Path]:
    if not files:
        raise BadUsage(f"'{text}' is no file, and no folder or pattern with files.", do="name the exported bills")
    return files
