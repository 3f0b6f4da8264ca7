"""`init` starts a configuration: a commented example that is valid as it stands."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from nephoscope.cli import configuration
from nephoscope.cli.answer import Answer
from nephoscope.cli.paths import write_whole
from nephoscope.errors import BadUsage

EXAMPLE = Path(__file__).with_name("example.yaml")


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.add_argument("--force", action="store_true", help="replace the file that is there")
    command.set_defaults(run=init, name="init")


def init(arguments: argparse.Namespace) -> Answer:
    """
    Write the example to where the configuration is looked for.

    Raises:
        BadUsage: There is a file already, or no such folder.
    """
    path = configuration.find(arguments)
    if path.is_dir():
        raise BadUsage(f"{path} is a directory, a configuration is a file.", do="name the file in it with --config")
    if not path.absolute().parent.is_dir():
        raise BadUsage(f"There is no folder {path.parent} to write {path.name} into.", do="make the folder first")
    if path.exists() and not arguments.force:
        raise BadUsage(f"{path} is there already and was left as it is.", do="give --force to replace it")
    write_whole(path, EXAMPLE.read_bytes())

    def text(console: Console) -> None:
        console.print(
            f"Wrote {path}. Check it after your changes: nephoscope validate", highlight=False, soft_wrap=True
        )

    return Answer({"path": str(path)}, text)
