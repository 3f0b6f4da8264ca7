"""
Cold starts: a fresh process imports a staged handler, against the same interpreter importing what the tutorial imports.

    python tests/bench/coldstart.py --tutorial PYTHON [--pairs 5] [--only aws]

PYTHON is an interpreter of an environment with boto3, azure-monitor-query, google-cloud-monitoring, feast and numpy,
compiled. The artefacts are staged for its version. Both sides are whole processes, taken in turns; each ratio is the
median of the pairs. It fails where a goal is missed.

The last line goes further: from nothing to the first finished event. A table lies on S3 (moto); drift's handler
compares it with its Baseline, writes its ledger and publishes; the tutorial's side reads a list of numbers, compares
two means and publishes.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
FIRST_EVENT_GOAL = 6.0
LAMBDA_BRINGS = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
OURS = "import handler, json, sys; handler.drift_on_object(json.loads(sys.argv[1]), None)"
THEIRS = f"""{TUTORIAL}
import io, sys
usual = numpy.array([12.0, 11.0, 13.0, 12.5])
table = boto3.client("s3").get_object(Bucket=sys.argv[1], Key=sys.argv[2])["Body"].read()
moved = abs(numpy.loadtxt(io.BytesIO(table)).mean() - usual.mean())
boto3.client("sns").publish(TopicArn=sys.argv[3], Message=str(moved > 0.1))
"""
WATCHED = """\
version: 1
hub: aws
topic: "sns:{topic}"
state: "s3://{bucket}/hub"
stores: {{aws: "s3://{bucket}/records"}}
datasets: {{flights: {{objects: "s3://{bucket}/landed", columns: {{dep_delay: {{ks: {{at_most: 0.1}}}}}}}}}}
channels: {{room: {{type: slack, url: "env:ROOM_URL"}}}}
route: {{channels: [room]}}
"""


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
        if asked.only in ("", "aws"):
            missed += _first_events(asked, Path(scratch), plain)
    return 1 if missed else 0


def _judge(name: str, asked: argparse.Namespace, ours: list[object], path: str, goal: float) -> bool:
    pairs = []
    for _ in range(asked.pairs + 1):  # the first pair only fills the caches
        theirs = _seconds([asked.tutorial, "-c", TUTORIAL], {})
        pairs.append((theirs, _seconds(ours, {"PYTHONPATH": path})))
    return _told(name, pairs, goal)


def _told(name: str, pairs: list[tuple[float, float]], goal: float) -> bool:
    """Print the median of all pairs but the first; whether it misses the goal."""
    ratio = statistics.median(theirs / mine for theirs, mine in pairs[1:])
    ms = [1000 * statistics.median(side) for side in zip(*pairs[1:], strict=True)]
    verdict = "met" if ratio >= goal else "MISSED"
    print(
        f"{name:18} {ms[1]:7.0f} ms  tutorial {ms[0]:7.0f} ms  {ratio:5.1f}x  goal {goal:4.1f}x  {verdict}", flush=True
    )
    return ratio < goal


def _first_events(asked: argparse.Namespace, out: Path, plain: Path) -> bool:
    """From nothing to the first finished event, on both sides with the same services."""
    brought = out / "lambda-brings"
    brought.mkdir()
    packages = Path(_run([asked.tutorial, "-c", "import boto3; print(boto3.__file__)"]).strip()).parent.parent
    for name in LAMBDA_BRINGS:
        (brought / name).symlink_to(packages / name)
    with _account(out) as (env, bucket, topic, land):
        path = f"{out / 'aws' / 'drift'}{os.pathsep}{brought}"

        def ours() -> float:
            return _seconds([plain, "-S", "-c", OURS, json.dumps(land())], env | {"PYTHONPATH": path})

        ours()  # the first table that lands becomes the Baseline
        pairs = []
        for _ in range(asked.pairs + 1):
            theirs = _seconds([asked.tutorial, "-c", THEIRS, bucket, "numbers.txt", topic], env)
            pairs.append((theirs, ours()))
    return _told("aws first event", pairs, FIRST_EVENT_GOAL)


@contextmanager
def _account(out: Path) -> Iterator[tuple[dict[str, str], str, str, Any]]:
    """S3 and SNS on moto, with a bucket that is watched; and what lands one more table and tells of it."""
    import boto3
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from nephoscope import settings

    sys.path.insert(0, str(ROOT / "tests"))
    from emulators import AWS_ENVIRONMENT, AWS_REGION, free_port, started

    delays = np.random.default_rng(3).exponential(12, 1_000)
    table = io.BytesIO()
    pq.write_table(pa.table({"dep_delay": delays}), table)
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
    with started(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port, port=port):
        s3, sns = (boto3.client(name, endpoint_url=endpoint, **keys) for name in ("s3", "sns"))
        s3.create_bucket(Bucket="watched", CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
        topic = sns.create_topic(Name="told")["TopicArn"]
        s3.put_object(Bucket="watched", Key="numbers.txt", Body="\n".join(map(str, delays)).encode())
        written = out / "watched.yaml"
        written.write_text(WATCHED.format(topic=topic, bucket="watched"))
        (out / "watched.json").write_bytes(settings.stage(written))
        env = {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint, "NEPHOSCOPE_CONFIG": str(out / "watched.json")}
        landed = 0

        def land() -> dict[str, Any]:
            nonlocal landed
            landed += 1
            key = f"landed/{landed}.parquet"
            version = s3.put_object(Bucket="watched", Key=key, Body=table.getvalue())["ETag"].strip('"')
            known = {"bucket": {"name": "watched"}, "object": {"key": key, "eTag": version}}
            about = {"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "eventTime": "2025-01-31T06:00:00Z"}
            return {"Records": [about | {"s3": known}]}

        yield env, "watched", topic, land
        found = s3.list_objects_v2(Bucket="watched", Prefix="records/ledger/")["Contents"]
        if sum(one["Key"].endswith(".published") for one in found) != landed:
            raise SystemExit("not every event was finished")


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
