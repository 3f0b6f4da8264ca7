"""What a command cannot work with is one sentence and exit code 2; 1 stays the code for a breach, whatever happens."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from nephoscope.cli.main import main

CONFIGURATION = "{version: 1, hub: local, channels: {console: {type: console}}, route: {channels: [console]}}"
LONG = "n" * 5_000
NOTHING: Mapping[str, str] = MappingProxyType({})
NAIVE = '{"id": "1", "at": "2026-05-01T06:00:00", "schedule": ""}'
SILENCE = ["silence", "add", "a=b", "--reason", "x", "--author", "a"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a configuration and a small table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    (tmp_path / "a.csv").write_text("score\n1\n2\n")
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "x\udcff.csv").write_text("score\n1\n")
    (tmp_path / "naive.json").write_text(NAIVE)
    (tmp_path / "early.json").write_text(NAIVE.replace("2026-05-01T06:00:00", "0001-01-01T00:00:00Z"))
    (tmp_path / "deep.json").write_text('{"x": ' + "[" * 100_000)
    return tmp_path


def code_of(words: list[str]) -> int:
    """The exit code of a command, whoever ends it."""
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--now", "0001-01-01T00:00:00+14:00", "validate"], "between 1970 and 2261"),
        (["run", "cost", "--dry-run", "--now", "0001-01-01T00:00:00Z"], "between 1970 and 2261"),
        (["run", "rollup", "--dry-run", "--now", "9999-12-31T00:00:00Z"], "between 1970 and 2261"),
        ([*SILENCE, "--for", "999999w"], "ten years"),
        (["up", "--poll", "inf"], "between 0.01 and 3600"),
        (["up", "--poll", "nan"], "between 0.01 and 3600"),
        (["up", "--poll", "soon"], "between 0.01 and 3600"),
        (["validate", "--config", LONG], "File name too long"),
        (["drift", "compare", LONG, "a.csv"], "File name too long"),
        (["drift", "profile", "a.csv", "-o", LONG], "File name too long"),
        (["replay", LONG], "File name too long"),
        (["run", "monitoring", "--event", "naive.json"], "without a zone"),
        (["run", "monitoring", "--event", "early.json"], "between 1970 and 2261"),
        (["run", "monitoring", "--event", "deep.json"], "is no TimerFired"),
        (["drift", "compare", "x\udcff.csv", "a.csv"], "is not UTF-8"),
        (["cost", "report", "\udcff", "--output", "json"], "is not UTF-8"),
        (["routes", "test", "a=\udcff", "--output", "json"], "is not UTF-8"),
        (["cost", "report", "bills", "--output", "json"], "is not UTF-8"),
        (["cost", "report", ""], "is empty"),
        (["cost", "report", "a.csv", "--month", "２０２６-05"], "is no month"),
        (["alerts", "show", ""], "at least one digit"),
        (["drift", "merge", "a.csv", "-o", "sum.json"], "'a.csv': "),
        (["drift", "profile", "naive.json", "--like", "a.csv", "-o", "p.json"], "'a.csv': "),
        (["replay", "a.csv"], "'a.csv': "),
        (["drfit", "up"], "'drift', 'baseline'"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Times, lengths, names and Events that no command can work with: exit code 2, and nothing on stdout."""
    assert code_of(words) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "To do:" in told.err
    assert told.err.count("\n") == 1
    assert len(told.err) < 1_000
    assert not told.out


def test_a_defect_of_ours_is_no_breach(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw shows its traceback, and its exit code is not the one that a gate reads as a breach."""
    monkeypatch.setitem(sys.modules, "nephoscope.adapters.files.series", None)  # an installation that lost a module
    assert main(["series", "anomalies", "a.csv", "--fail-on", "breach"]) == 2
    told = capsys.readouterr()
    assert "Traceback" in told.err
    assert not told.out


def command(*words: str, environ: Mapping[str, str] = NOTHING, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | dict(environ)
    start = [sys.executable, "-m", "nephoscope", *words]
    return subprocess.run(start, stderr=subprocess.PIPE, env=buffered, **more)


def little_room() -> None:
    """A disk that is full after 1,000 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("place", ["full disk", "pipe that nobody reads"])
def test_an_answer_that_cannot_be_written_is_told(output: str, place: str, folder: Path) -> None:
    """Half an answer is none: one sentence on stderr, and exit code 2."""
    reading, writing = os.pipe()
    os.close(reading)
    if place == "full disk":
        os.close(writing)
        writing = os.open("out", os.O_WRONLY | os.O_CREAT)
    ended = command("schema", "--output", output, stdout=writing, preexec_fn=little_room)
    os.close(writing)
    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1
    assert b"To do:" in ended.stderr


def test_a_terminal_of_few_letters_gets_every_answer(folder: Path) -> None:
    """What stdout's encoding lacks is written as its escape."""
    (folder / "größe.csv").write_text("score\n1\n")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    ended = command("drift", "profile", "größe.csv", "-o", "größe.json", stdout=subprocess.PIPE, environ=ascii_only)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert rb"gr\xf6\xdfe.json" in ended.stdout


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_closed_stream_is_no_mistake(folder: Path, closed: str) -> None:
    """With stdout or stderr closed by the shell, the other one says what it always says, and so does the code."""
    command = f'"{sys.executable}" -m nephoscope validate --output json'
    ran = subprocess.run(["sh", "-c", f"{command} {closed}>&-"], cwd=folder, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b"{") == (closed == "2")
    refused = subprocess.run(["sh", "-c", f"{command}x {closed}>&-"], cwd=folder, capture_output=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert (b"To do:" in refused.stderr) == (closed == "1")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["validate", "--config", "absent.yaml"], ["validate", "--bogus"]])
def test_a_sentence_that_cannot_be_written_leaves_the_code(words: list[str], unbuffered: str, folder: Path) -> None:
    """Where stderr is full too the exit code stays 2, and is never a breach's."""
    with Path("/dev/full").open("wb") as full:
        start = [sys.executable, "-m", "nephoscope", *words]
        environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        ran = subprocess.run(start, stdout=subprocess.PIPE, stderr=full, env=environ, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["drift", "--help"]])
def test_help_that_cannot_be_written_is_told(words: list[str]) -> None:
    """A full disk is one sentence and exit code 2 for --help and --version as for any command."""
    with Path("/dev/full").open("wb") as full:
        ended = command(*words, stdout=full)
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"No space left on device. To do:")
    assert ended.stderr.count(b"\n") == 1
