"""`nephoscope up`: the local runner, until interrupted."""

from __future__ import annotations

import argparse
import math
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage
from nephoscope.wiring.entry import LOGGER, log_to_stderr
from nephoscope.wiring.local import Local


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.add_argument("--only", choices=("jobs", "hub"), help="run one half in this process (default: both)")
    command.add_argument("--poll", type=pause, default=1.0, metavar="SECONDS", help="how often to look (default: 1)")
    command.set_defaults(run=run, name="up")


def pause(text: str) -> float:
    """
    Read how many seconds to wait between two looks.

    Raises:
        ArgumentTypeError: It is no number from a hundredth to an hour.

    >>> pause("0.5")
    0.5
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.01 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds between 0.01 and 3600")
    return seconds


def run(arguments: argparse.Namespace) -> Answer:
    """Run until SIGTERM or SIGINT; what is in hand is finished first."""
    local = Local.from_file(getattr(arguments, "config", None))
    with landed_files() as show:
        log_to_stderr()  # after the bar, which keeps its place below what is logged
        return _until_stopped(local, arguments, show)


@contextmanager
def landed_files() -> Iterator[Callable[[str, int], None]]:
    """A bar of the files that landed, on a terminal."""
    columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True, emoji=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("waiting for files", total=0)
        handled = count(1)

        def show(name: str, waiting: int) -> None:
            done = next(handled)
            progress.update(bar, description=name, completed=done, total=done + waiting)

        yield show


def _until_stopped(local: Local, arguments: argparse.Namespace, show: Callable[[str, int], None]) -> Answer:
    from nephoscope.wiring.runner import HubLoop, JobsLoop, Runner

    loops: list[JobsLoop | HubLoop] = []
    if arguments.only != "hub":
        _require_folders(local)
        _say_what_is_left_out(local)
        loops.append(JobsLoop(local, arguments.poll, show))
    if arguments.only != "jobs":
        loops.append(HubLoop(local, arguments.poll))
        _ = local.desk  # a missing secret is told now, not at the first alert
    runner = Runner(loops)
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    # Only this thread hears signals, and only while it runs: blocked, it may miss one that another thread was given.
    # And `set` takes a lock, for which a handler that came in the midst of it would wait for ever.
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(runner.run)
        while not running.done():
            if asked:
                runner.stopping.set()
            time.sleep(0.1)
        running.result()
    document = {"handled": runner.handled, "stopped": "on request"}

    def text(console: Console) -> None:
        console.print(f"Stopped on request after {runner.handled} Events and messages.")

    return Answer(document, text)


def _require_folders(local: Local) -> None:
    for name, folder in local.folders.items():
        path: Path = folder.path
        if not path.is_dir():
            raise BadUsage(
                f"The folder '{path}' of the data set '{name}' is not there.", do=f"make it, or correct datasets.{name}"
            )


def _say_what_is_left_out(local: Local) -> None:
    from nephoscope.wiring.timers import Timers

    for job in Timers(local).unserved:
        LOGGER.warning("timer left out", extra={"facts": {"job": job, "error": "this machine does not run this job"}})
