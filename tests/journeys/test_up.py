"""The local runner: files that land are told, a stop is clean, and a restart loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CONFIGURATION = """
version: 1
topic: sqlite:nephoscope.db
state: sqlite:nephoscope.db
datasets:
  scores:
    objects: landed
    columns:
      score: {mean_diff: {at_most: 0.1}}
channels:
  console: {type: console}
route: {channels: [console], group_by: [dataset], group_wait: 0s, group_interval: 0s}
delivery: {lease: 1s}
"""


class Runner:
    """`nephoscope up` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it; what it prints is added to what it printed before."""
        with (self.folder / "out").open("ab") as out, (self.folder / "err").open("ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nephoscope", "up", "--poll", "0.05", *options],
                cwd=self.folder,
                stdout=out,
                stderr=err,
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def land(self, name: str, values: list[float]) -> None:
        """Let a file land at once."""
        draft = self.folder / "landed" / f".{name}"
        pq.write_table(pa.table({"score": values}), draft)
        draft.replace(self.folder / "landed" / name)

    @property
    def out(self) -> str:
        """What it told on the console."""
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """Its log."""
        return (self.folder / "err").read_text(encoding="utf-8")

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Wait until something is so."""
        until = time.monotonic() + 30
        while not ready():
            assert time.monotonic() < until, self.out + self.err
            time.sleep(0.02)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A folder with a configuration; what still runs in it is ended afterwards."""
    (tmp_path / "landed").mkdir()
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION, encoding="utf-8")
    made = Runner(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def told(runner: Runner) -> Callable[[], bool]:
    """Whether the drift was told."""
    return lambda: "FIRING" in runner.out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean(runner: Runner, number: int) -> None:
    """SIGTERM and Ctrl-C end it with exit code 0 and a sentence, without a traceback."""
    runner.start()
    runner.land("a.parquet", [0.5, 0.6])
    runner.wait_for(lambda: '"job": "notify"' in runner.err)
    assert runner.stop(number) == 0
    assert "Stopped on request" in runner.out
    assert "Traceback" not in runner.err


def test_messages_leave_stdout_to_one_json_document(runner: Runner) -> None:
    """With --output json the console channel tells on stderr; stdout is the answer and nothing else."""
    runner.start("--output", "json")
    runner.land("a.parquet", [0.5, 0.6])
    runner.land("b.parquet", [0.9, 1.0])
    runner.wait_for(lambda: "FIRING" in runner.err)
    assert runner.stop() == 0
    assert json.loads(runner.out)["schema"] == "nephoscope.up/1"


def test_what_lands_while_nothing_runs_is_told_after_the_start(runner: Runner) -> None:
    """The folder is looked through at the start; the ledger knows what was handled before."""
    runner.start()
    runner.land("a.parquet", [0.5, 0.6])
    runner.wait_for(lambda: '"job": "notify"' in runner.err)
    runner.stop()
    runner.land("b.parquet", [0.9, 1.0])
    runner.start()
    runner.wait_for(told(runner))
    runner.stop()
    assert runner.out.count("FIRING") == 1


def test_a_runner_that_is_killed_loses_nothing_and_repeats_nothing(runner: Runner) -> None:
    """SIGKILL after the alert was told, then a restart over the same files: one Message in all."""
    runner.start()
    runner.land("a.parquet", [0.5, 0.6])
    runner.land("b.parquet", [0.9, 1.0])
    runner.wait_for(told(runner))
    time.sleep(0.3)  # the mark follows the Message
    runner.stop(signal.SIGKILL)
    runner.start()
    runner.land("c.parquet", [0.9, 1.1])
    runner.wait_for(lambda: runner.err.count('"job": "notify"') >= 3)
    runner.stop()
    assert runner.out.count("FIRING") == 1


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("rmdir", "The folder"),
        ("secret", "The environment variable 'NOT_SET_ANYWHERE' is not set"),
        ("route", "no route to them"),
    ],
)
def test_what_it_cannot_run_with_is_said_at_once(runner: Runner, mistake: str, sentence: str) -> None:
    """A missing folder, secret or route: exit code 2 and one sentence, at the start and not at the first alert."""
    path = runner.folder / "nephoscope.yaml"
    text = path.read_text(encoding="utf-8")
    if mistake == "rmdir":
        (runner.folder / "landed").rmdir()
    if mistake == "secret":
        text = text.replace("{type: console}", '{type: slack, url: "env:NOT_SET_ANYWHERE"}')
    if mistake == "route":
        text = "\n".join(line for line in text.splitlines() if not line.startswith("route:"))
    path.write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "NOT_SET_ANYWHERE"}
    run = subprocess.run(
        [sys.executable, "-m", "nephoscope", "up"],
        cwd=runner.folder,
        capture_output=True,
        text=True,
        timeout=30,
        env=environment,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
