"""`nephoscope demo`: the whole flow on one machine, on real data, without an account."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage

LANDINGS = 16


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.add_argument("--keep", type=Path, metavar="DIR", help="keep everything it makes in an empty or new folder")
    command.set_defaults(run=run, name="demo")


def run(arguments: argparse.Namespace) -> Answer:
    """Play the demo and say what landed, what was found, what was told, and where."""
    from nephoscope.demo import outcome, story, table

    with _folder(arguments.keep) as kept, _progress() as progress:
        folder = Path(kept).absolute()
        bar = progress.add_task("starting", total=LANDINGS)
        steps, local, stage = story.play(
            folder, tell=lambda step: progress.update(bar, advance=1, description=step.landing.name)
        )
        document = outcome.document(local.state, stage.received())
        shown = table.table(steps, local.outbox, folder / "landed")

    def text(console: Console) -> None:
        console.print(shown)
        console.print(table.summary(document))
        if arguments.keep:
            console.print(f"Everything it made is kept in {folder}.")

    return Answer(document, text)


def _folder(keep: Path | None) -> AbstractContextManager[str | Path]:
    if keep is None:
        return tempfile.TemporaryDirectory(prefix="nephoscope-demo-")
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise BadUsage(f"'{keep}' is not an empty folder.", do="name a new folder for --keep")
    keep.mkdir(parents=True, exist_ok=True)
    return nullcontext(keep)


def _progress() -> Progress:
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True, emoji=False), transient=True)
