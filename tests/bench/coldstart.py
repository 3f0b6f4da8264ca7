"""
Cold starts: a fresh process imports a staged handler, against the same interpreter importing what the tutorial imports.

    python tests/bench/coldstart.py --tutorial PYTHON [--pairs 5] [--only aws]

PYTHON is an interpreter of an environment with boto3, azure-monitor-query, google-cloud-monitoring, feast and numpy,
compiled. The artefacts are staged for its version. Both sides are whole processes, taken in turns; each ratio is the
median of the pairs. It fails where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TUTORIAL = "import boto3, numpy, azure.monitor.query, feast\nfrom google.cloud import monitoring_v3"
MODULES = {"aws": "handler", "azure": "function_app", "gcp": "main"}
LIGHT = ("monitoring", "cost", "notify")
GOALS = {
    **{("aws", job): 25.0 for job in LIGHT},
    **{(cloud, job): 14.0 for cloud in ("azure", "gcp") for job in LIGHT},
    ("aws", "drift"): 12.0,
    ("azure", "drift"): 9.0,
    ("gcp", "drift"): 9.0,
}
# What a handler's first Event makes it import of ours and of the readers of files.
FIRST_USE = {"drift": "; import nephoscope.jobs.drift, nephoscope.adapters.files.fetched"}
CONFIGURATION = "version: 1\n"


def main() -> int:
    """Stage, measure, print, judge."""
    asked = _parser().parse_args()
    version = _run([asked.tutorial, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.base_prefix)"]).split()
    plain = Path(version[1]) / "bin" / f"python{version[0]}"
    missed = 0
    with tempfile.TemporaryDirectory(prefix="nephoscope-coldstart-") as scratch:
        for (cloud, job), goal in GOALS.items():
            if asked.only in ("", cloud):
                path = _staged(Path(scratch), cloud, job, version[0])
                ours = [plain, "-S", "-c", f"import {MODULES[cloud]}{FIRST_USE.get(job, '')}"]
                missed += _judge(f"{cloud} {job}", asked, ours, path, goal)
    return 1 if missed else 0


def _judge(name: str, asked: argparse.Namespace, ours: list[object], path: str, goal: float) -> bool:
    pairs = []
    for _ in range(asked.pairs + 1):  # the first pair only fills the caches
        theirs = _seconds([asked.tutorial, "-c", TUTORIAL], {})
        pairs.append((theirs, _seconds(ours, {"PYTHONPATH": path})))
    ratio = statistics.median(theirs / mine for theirs, mine in pairs[1:])
    ms = [1000 * statistics.median(side) for side in zip(*pairs[1:], strict=True)]
    verdict = "met" if ratio >= goal else "MISSED"
    print(
        f"{name:18} {ms[1]:7.0f} ms  tutorial {ms[0]:7.0f} ms  {ratio:5.1f}x  goal {goal:4.1f}x  {verdict}", flush=True
    )
    return ratio < goal


def _staged(out: Path, cloud: str, job: str, version: str) -> str:
    """An artefact and its packages, as PYTHONPATH."""
    (out / "nephoscope.yaml").write_text(CONFIGURATION)
    options = ("--python", version, "--config", out / "nephoscope.yaml", "--out", out)
    _run([sys.executable, ROOT / "deploy" / "stage.py", cloud, job, *options])
    folder = out / cloud / job
    packages = {"aws": folder, "azure": folder / ".python_packages/lib/site-packages", "gcp": out / f"{job}-packages"}
    if cloud == "gcp":  # what Cloud Build installs from the lock, compiled
        uv = Path(sys.executable).parent / "uv"
        target = (
            "--target",
            packages[cloud],
            "--python-version",
            version,
            "--python-platform",
            "x86_64-manylinux_2_28",
        )
        locked = (
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--requirement",
            folder / "requirements.txt",
        )
        _run([uv, "pip", "install", "--quiet", "--compile-bytecode", *target, *locked])
    return f"{folder}{os.pathsep}{packages[cloud]}"


def _seconds(command: list[object], more: Mapping[str, str]) -> float:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    started = time.perf_counter()
    subprocess.run([str(part) for part in command], env={**kept, **more}, check=True, capture_output=True)
    return time.perf_counter() - started


def _run(command: list[object]) -> str:
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stdout}{done.stderr}")
    return done.stdout


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Cold starts against the tutorial's imports.")
    parser.add_argument(
        "--tutorial", required=True, metavar="PYTHON", help="an interpreter with the tutorial's packages"
    )
    parser.add_argument("--pairs", type=int, default=5, help="how many pairs each (default: 5)")
    parser.add_argument("--only", default="", choices=("", *MODULES), help="one cloud")
    return parser


if __name__ == "__main__":
    sys.exit(main())
