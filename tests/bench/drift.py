"""
Drift against its peers: seconds, memory and the ratio of the two, side by side in one run.

    make bench-drift                   everything, about half an hour
    python tests/bench/drift.py 100k   only the cases whose name holds one of these words

The work is a table of 20 numeric and 5 categorical columns (3, 8, 25, 200 and 2,000 categories), 2 % nulls, zstd
Parquet, compared with a baseline. Each figure is the median of several runs in turn, each in a process of its own.
Peers live in environments of their own under build/peers, made here when a case first asks for them.
Evidently also computes correlations and data for its plots, which nephoscope does not: its seconds hold these too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BUILD = Path(__file__).parents[2] / "build"
DATA, PEERS = BUILD / "bench-drift", BUILD / "peers"
PROGRAMS = Path(__file__).parent / "drift_programs"
NEPHOSCOPE = [sys.executable, "-m", "nephoscope", "--output", "json", "drift", "compare"]
PACKAGES = {
    "evidently": ["evidently==0.7.23", "pandas<3.1", "pyarrow"],
    "nannyml": ["nannyml==0.13.1", "statsmodels", "pyarrow", "setuptools<81"],
    "scipy": ["scipy", "pandas", "pyarrow"],
    "whylogs": ["whylogs[viz]==1.6.4", "numpy<2", "pandas<3", "pyarrow<24"],
}
SIZES = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
ROWS_AT_ONCE = 1_000_000
# Bytecode is kept, as an installed package's is: the peers' was compiled when they were installed.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Run:
    """One process: its wall-clock and CPU seconds, its peak memory, and what it printed."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    printed: str


def run(command: list[str]) -> Run:
    """Run a process to its end."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    assert child.stdout is not None
    printed = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed)


def table(name: str, *, moved: bool) -> str:
    """A table's path; it is written when it is not there."""
    path = DATA / f"{name}.{'window' if moved else 'baseline'}.parquet"
    if not path.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        # In a process of its own: a child begins with its parent's peak memory.
        subprocess.run([sys.executable, __file__, "--write", str(part), str(SIZES[name]), "moved" * moved], check=True)
        part.replace(path)
    return str(path)


def write(path: Path, rows: int, *, moved: bool) -> None:
    """Write a table whose moved columns are near Evidently's limit on either side, or far beyond it."""
    writer = None
    for start in range(0, rows, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, rows - start)
        draw = np.random.default_rng((start, moved))
        piece = pa.table({**_numbers(draw, count, moved=moved), **_words(draw, count, moved=moved)})
        writer = writer or pq.ParquetWriter(path, piece.schema, compression="zstd")
        writer.write_table(piece, row_group_size=ROWS_AT_ONCE)
    assert writer is not None
    writer.close()


def _numbers(draw: np.random.Generator, count: int, *, moved: bool) -> dict[str, pa.Array]:
    laws: list[tuple[Callable[[], np.ndarray], float]] = [
        (lambda: draw.normal(size=count), 1.0),
        (lambda: draw.lognormal(size=count), 2.16),
        (lambda: draw.gamma(2, 2, size=count), 2.83),
        (lambda: draw.normal(50, 10, size=count).round(), 10.0),
    ]
    found = {}
    for number in range(20):
        law, deviation = laws[number % 4]
        shift = (0.0, 0.097, 0.103, 0.3, 0.0)[number % 5] * deviation if moved else 0.0
        found[f"number_{number}"] = pa.array(law() + shift, mask=draw.random(count) < 0.02)
    return found


def _words(draw: np.random.Generator, count: int, *, moved: bool) -> dict[str, pa.Array]:
    found = {}
    for categories in (3, 8, 25, 200, 2_000):
        shares = 1 / np.arange(1, categories + 1)
        if moved and categories == 8:
            shares = shares[::-1]
        places = draw.choice(categories, size=count, p=shares / shares.sum()).astype(np.int32)
        indices = pa.array(places, mask=draw.random(count) < 0.02)
        words = pa.array([f"category {place}" for place in range(categories)])
        found[f"word_{categories}"] = pa.DictionaryArray.from_arrays(indices, words).cast(pa.string())
    return found


def peer(name: str) -> str:
    """The interpreter of a peer's environment."""
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
    return str(python)


def against(name: str, size: str, goal: float, *, pairs: int, preset: str = "evidently") -> None:
    """Compare two tables with a peer and with nephoscope in turn, and the verdicts of both."""
    paths = [table(size, moved=False), table(size, moved=True)]
    theirs_command = [peer(name), str(PROGRAMS / f"{name}_compare.py"), *paths]
    ours_command = [*NEPHOSCOPE, *paths, "--preset", preset]
    ours, theirs = [], []
    for _ in range(pairs):
        theirs.append(run(theirs_command))
        run(ours_command)  # the peer's minutes pushed out of the page cache what is read here
        ours.append(run(ours_command))
    print(row(f"compare {size} × 25, {name} against the preset {preset}", theirs, ours, goal))
    if name == preset:
        print(f"    verdicts: {agreement(ours[0].printed, theirs[0].printed)}")


def agreement(ours: str, theirs: str) -> str:
    """How many columns have the same verdict."""
    mine = {column["column"]: column["verdict"] == "breach" for column in json.loads(ours)["columns"]}
    other = json.loads(theirs.strip().splitlines()[-1])
    differing = sorted(column for column in other if mine.get(column) is not other[column])
    told = f", not {', '.join(differing)}" if differing else ""
    return f"{len(other) - len(differing)} of {len(other)} equal{told}"


def row(what: str, theirs: list[Run], ours: list[Run], goal: float) -> str:
    """One line of the result: a peer's seconds and memory, ours, and how many times faster, also in CPU seconds."""
    a, b = (statistics.median(one.seconds for one in runs) for runs in (theirs, ours))
    ratio = statistics.median(x.seconds / y.seconds for x, y in zip(theirs, ours, strict=True))
    cpu = statistics.median(x.cpu_seconds / y.cpu_seconds for x, y in zip(theirs, ours, strict=True))
    memory = [statistics.median(one.megabytes for one in runs) for runs in (theirs, ours)]
    met = "met" if ratio >= goal else "NOT MET"
    return (
        f"{what}: {a:.2f} s, {memory[0]:.0f} MB against {b:.2f} s, {memory[1]:.0f} MB: "
        f"{ratio:.1f}× (CPU {cpu:.1f}×; goal {goal:g}×, {met}; {len(ours)} pairs)"
    )


def decoding(size: str, work: str, goal: float, *, pairs: int) -> None:
    """Profile a table, in a process that has decoded it just before, one thread each."""
    baseline, window = table("1m", moved=False), table(size, moved=True)
    runs = [run([sys.executable, str(PROGRAMS / "profile.py"), work, baseline, window]) for _ in range(pairs)]
    found = [json.loads(one.printed) for one in runs]
    ratio, cpu = (statistics.median(one[key] for one in found) for key in ("ratio", "cpu_ratio"))
    seconds = statistics.median(one["seconds"] for one in found)
    print(
        f"profile a {work} of {size} × 25: {seconds:.2f} s, {ratio:.2f}× the bare decode (CPU {cpu:.2f}×; "
        f"goal ≤ {goal:g}×, {'met' if ratio <= goal else 'NOT MET'}; {pairs} runs)"
    )


def memory() -> None:
    """The peak memory of a process that profiles a window, at 1M and at 10M rows."""
    baseline = table("1m", moved=False)
    peaks = []
    for size in ("1m", "10m"):
        command = [sys.executable, str(PROGRAMS / "profile.py"), "memory", baseline, table(size, moved=True)]
        peaks.append(statistics.median(run(command).megabytes for _ in range(3)))
    ratio = peaks[1] / peaks[0]
    met = "met" if peaks[1] <= 256 and ratio <= 1.35 else "NOT MET"
    print(f"memory: {peaks[1]:.0f} MB at 10M rows, {ratio:.2f}× that of 1M (goal ≤ 256 MB and ≤ 1.35×, {met})")


def accuracy() -> None:
    """KS and normed Wasserstein distances from 256 bins against SciPy's, 1M × 20."""
    found = json.loads(
        run([sys.executable, str(PROGRAMS / "accuracy.py"), table("1m", moved=False), table("1m", moved=True)]).printed
    )
    for name, error in found.items():
        print(f"error of {name} at 256 bins: {error:.5f} (goal ≤ 0.0005, {'met' if error <= 5e-4 else 'NOT MET'})")


CASES: dict[str, Callable[[], None]] = {
    "profile window 1m": lambda: decoding("1m", "window", 2.0, pairs=7),
    "profile window 10m": lambda: decoding("10m", "window", 2.0, pairs=5),
    "profile baseline 1m": lambda: decoding("1m", "baseline", 4.0, pairs=5),
    "memory": memory,
    "accuracy": accuracy,
    "evidently 100k": lambda: against("evidently", "100k", 20, pairs=5),
    "scipy 1m": lambda: against("scipy", "1m", 10, pairs=5, preset="default"),
    "nannyml 1m": lambda: against("nannyml", "1m", 20, pairs=3, preset="default"),
    "nannyml preset 1m": lambda: against("nannyml", "1m", 20, pairs=3, preset="nannyml"),
    "whylogs 1m": lambda: against("whylogs", "1m", 60, pairs=3, preset="default"),
    "evidently 1m": lambda: against("evidently", "1m", 100, pairs=3),
}


def main(words: list[str]) -> None:
    """Run the cases whose names hold one of the words; all without any."""
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for name, case in CASES.items():
        if not words or any(word in name for word in words):
            case()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]), moved=bool(sys.argv[4]))
    else:
        main(sys.argv[1:])
