"""
Cold starts: a fresh process imports a staged handler, against the same interpreter importing what the tutorial imports.

    python tests/bench/coldstart.py --tutorial PYTHON [--pairs 5] [--only aws]

PYTHON is an interpreter of an environment with boto3, azure-monitor-query, google-cloud-monitoring, feast and numpy,
compiled. The artefacts are staged for its version. Both sides are whole processes, taken in turns; each ratio is the
median of the pairs. It fails where a goal is missed.

The last lines go further: from nothing to the first finished event. A table lies in a stand-in of the cloud's storage;
drift's handler compares it with its Baseline, writes its ledger and publishes; the tutorial's side reads a list of
numbers, compares two means and publishes, by its SDK in AWS and by the cheapest requests there are elsewhere.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
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
# What a handler's first Event makes it import of ours, and its child of the readers of files.
FIRST_USE = {
    "drift": "; import nephoscope.jobs.drift, nephoscope.adapters.files.fetched, nephoscope.adapters.files.tables"
}
CONFIGURATION = "version: 1\n"
FIRST_EVENT_GOAL = 6.0
LAMBDA_BRINGS = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
OURS = {
    "aws": "import handler, json, sys; handler.drift_on_object(json.loads(sys.argv[1]), None)",
    "azure": "import function_app, json, sys; function_app.on_object('drift', json.loads(sys.argv[1]))",
    "gcp": """import main, json, sys
from cloudevents.http import CloudEvent
event = json.loads(sys.argv[1])
main.drift_on_object(CloudEvent(event, event.pop("data")))""",
}
MOVED = "abs(numpy.loadtxt(io.BytesIO(table)).mean() - numpy.array([12.0, 11.0, 13.0, 12.5]).mean())"
BY_REQUESTS = f"""{TUTORIAL}
import io, sys, urllib.request
table = urllib.request.urlopen(sys.argv[1]).read()
urllib.request.urlopen(sys.argv[2], data=str({MOVED} > 0.1).encode()).read()
"""
THEIRS = {
    "aws": f"""{TUTORIAL}
import io, sys
table = boto3.client("s3").get_object(Bucket=sys.argv[1], Key="numbers.txt")["Body"].read()
boto3.client("sns").publish(TopicArn=sys.argv[2], Message=str({MOVED} > 0.1))
""",
    "azure": BY_REQUESTS,
    "gcp": BY_REQUESTS,
}
WATCHED = """\
version: 1
hub: {cloud}
topic: "{topic}"
state: "{place}/hub"
stores: {{{cloud}: "{place}/records"}}
datasets: {{flights: {{objects: "{place}/landed", columns: {{dep_delay: {{ks: {{at_most: 0.1}}}}}}}}}}
channels: {{room: {{type: slack, url: "env:ROOM_URL"}}}}
route: {{channels: [room]}}
"""
AT = "2025-01-31T06:00:00Z"


def main() -> int:
    """Stage, measure, print, judge."""
    asked = _parser().parse_args()
    version = _run([asked.tutorial, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.base_prefix)"]).split()
    plain = Path(version[1]) / "bin" / f"python{version[0]}"
    missed, paths = 0, {}
    with tempfile.TemporaryDirectory(prefix="nephoscope-coldstart-") as scratch:
        for (cloud, job), goal in GOALS.items():
            if asked.only in ("", cloud) and (job == "drift" or not asked.first_events):
                path = paths[cloud] = _staged(Path(scratch), cloud, job, version[0])  # drift's is the last
                ours = [plain, "-S", "-c", f"import {MODULES[cloud]}{FIRST_USE.get(job, '')}"]
                missed += not asked.first_events and _judge(f"{cloud} {job}", asked, ours, path, goal)
        for cloud, path in paths.items():
            missed += _first_events(cloud, asked, Path(scratch), plain, path)
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


@dataclass(frozen=True)
class Services:
    """A cloud's stand-ins: a watched place, a list of numbers, a topic."""

    env: Mapping[str, str]
    place: str  # as the configuration spells it
    topic: str
    theirs: Sequence[str]  # where the tutorial's side reads, and where it publishes
    land: Callable[[str, bytes], dict[str, Any]]  # a table under a name, as the handler is told of it
    published: Callable[[], int]  # how many events were finished


def _first_events(cloud: str, asked: argparse.Namespace, out: Path, plain: Path, path: str) -> bool:
    """From nothing to the first finished event, on both sides with the same services."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from nephoscope import settings

    sys.path.insert(0, str(ROOT / "tests"))
    delays = np.random.default_rng(3).exponential(12, 1_000)
    table = io.BytesIO()
    pq.write_table(pa.table({"dep_delay": delays}), table)
    if cloud == "aws":
        path = f"{path}{os.pathsep}{_brought(asked, out)}"
    with SERVICES[cloud](out, "\n".join(map(str, delays)).encode()) as services:
        (out / "watched.yaml").write_text(WATCHED.format(cloud=cloud, topic=services.topic, place=services.place))
        (out / "watched.json").write_bytes(settings.stage(out / "watched.yaml"))
        env = {**services.env, "NEPHOSCOPE_CONFIG": str(out / "watched.json"), "PYTHONPATH": path}

        def ours(number: int) -> float:
            event = services.land(f"landed/{number}.parquet", table.getvalue())
            return _seconds([plain, "-S", "-c", OURS[cloud], json.dumps(event)], env)

        ours(0)  # the first table that lands becomes the Baseline
        pairs = []
        for number in range(asked.pairs + 1):
            theirs = _seconds([asked.tutorial, "-c", THEIRS[cloud], *services.theirs], services.env)
            pairs.append((theirs, ours(number + 1)))
        if services.published() != asked.pairs + 2:
            raise SystemExit("not every event was finished")
    return _told(f"{cloud} first event", pairs, FIRST_EVENT_GOAL)


def _brought(asked: argparse.Namespace, out: Path) -> Path:
    """What Lambda brings."""
    brought = out / "lambda-brings"
    brought.mkdir()
    packages = Path(_run([asked.tutorial, "-c", "import boto3; print(boto3.__file__)"]).strip()).parent.parent
    for name in LAMBDA_BRINGS:
        (brought / name).symlink_to(packages / name)
    return brought


@contextmanager
def _aws(_: Path, numbers: bytes) -> Iterator[Services]:
    import boto3
    from emulators import AWS_ENVIRONMENT, AWS_REGION, moto_server

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
    with moto_server() as endpoint:
        s3, sns = (boto3.client(name, endpoint_url=endpoint, **keys) for name in ("s3", "sns"))
        s3.create_bucket(Bucket="watched", CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
        topic = sns.create_topic(Name="told")["TopicArn"]
        s3.put_object(Bucket="watched", Key="numbers.txt", Body=numbers)

        def land(key: str, table: bytes) -> dict[str, Any]:
            version = s3.put_object(Bucket="watched", Key=key, Body=table)["ETag"].strip('"')
            known = {"bucket": {"name": "watched"}, "object": {"key": key, "eTag": version}}
            about = {"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "eventTime": AT}
            return {"Records": [about | {"s3": known}]}

        def published() -> int:
            found = s3.list_objects_v2(Bucket="watched", Prefix="records/ledger/")["Contents"]
            return sum(one["Key"].endswith(".published") for one in found)

        env = {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}
        yield Services(env, "s3://watched", f"sns:{topic}", ["watched", topic], land, published)


@contextmanager
def _azure(out: Path, numbers: bytes) -> Iterator[Services]:
    from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas
    from emulators import AZURE_ACCOUNT, AZURE_KEY, Entra, Recorder, azurite_server

    grid, entra = Recorder(), Entra()
    with azurite_server(out) as connection:
        container = BlobServiceClient.from_connection_string(connection).create_container("watched")
        container.upload_blob("numbers.txt", numbers)
        signed = generate_container_sas(
            AZURE_ACCOUNT,
            "watched",
            account_key=AZURE_KEY,
            permission=ContainerSasPermissions(read=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )

        def land(key: str, table: bytes) -> dict[str, Any]:
            version = container.get_blob_client(key).upload_blob(table)["etag"].strip('"')
            account = f"/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{AZURE_ACCOUNT}"
            known = {"specversion": "1.0", "id": key, "source": account, "type": "Microsoft.Storage.BlobCreated"}
            subject = f"/blobServices/default/containers/watched/blobs/{key}"
            data = {"api": "PutBlob", "eTag": version, "contentLength": len(table)}
            return known | {"subject": subject, "time": AT, "data": data}

        env = {"AZURE_STORAGE_CONNECTION_STRING": connection, **entra.env}
        theirs = [f"{container.url}/numbers.txt?{signed}", f"{grid.url}/theirs"]
        topic = f"eventgrid:{grid.url}/api/events"
        ours = partial(_posted, grid, "/api/events")
        yield Services(env, f"az://{AZURE_ACCOUNT}/watched", topic, theirs, land, ours)
    grid.close()
    entra.close()


@contextmanager
def _gcp(_: Path, numbers: bytes) -> Iterator[Services]:
    from emulators import Recorder, gcs_server
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    pubsub = Recorder()
    with gcs_server() as url:
        bucket = Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": url}).create_bucket("watched")
        bucket.blob("numbers.txt").upload_from_string(numbers)

        def land(key: str, table: bytes) -> dict[str, Any]:
            written = bucket.blob(key)
            written.upload_from_string(table)
            known = {"specversion": "1.0", "id": key, "source": "//x", "time": AT}
            data = {"bucket": "watched", "name": key, "generation": str(written.generation), "timeCreated": AT}
            return known | {"type": "google.cloud.storage.object.v1.finalized", "data": data | {"size": len(table)}}

        env = {"STORAGE_EMULATOR_HOST": url, "PUBSUB_EMULATOR_HOST": pubsub.url.removeprefix("http://")}
        theirs = [f"{url}/storage/v1/b/watched/o/numbers.txt?alt=media", f"{pubsub.url}/theirs"]
        ours = partial(_posted, pubsub, "/v1/")
        yield Services(env, "gs://watched", "pubsub:projects/mlops/topics/told", theirs, land, ours)
    pubsub.close()


def _posted(service: Any, path: str) -> int:
    return sum(asked.startswith(path) for _, asked, _, _ in service.requests)


SERVICES = {"aws": _aws, "azure": _azure, "gcp": _gcp}


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
    parser.add_argument("--first-events", action="store_true", help="only the first events, not the imports")
    return parser


if __name__ == "__main__":
    sys.exit(main())
