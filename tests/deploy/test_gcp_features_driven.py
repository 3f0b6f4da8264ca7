"""Features on Google, driven by Feast's own code on stand-ins: what a run asks of storage is what its roles hold."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import free_port, google_sdk, started
from fakes.google_grants import Grants, permissions
from fakes.recorded_calls import RecordedCalls

storage = pytest.importorskip("google.cloud.storage")

ROOT = Path(__file__).parents[2]
FEAST = ROOT / ".venv-features" / "bin" / "python"
CONFIG = """
version: 1
hub: gcp
topic: pubsub:projects/acme-ml/topics/nephoscope
state: gs://acme-nephoscope-hub/state
stores: {gcp: "gs://acme-nephoscope-gcp/records"}
features:
  project: shopping
  stores: {gcp: {type: feast, online_store: {type: datastore, project_id: acme-ml}}}
  sources: {gcp: {user_features: "gs://acme-features/users.parquet", clicks: "gs://acme-features/clicks/"}}
timers: {features: "*/15 * * * *"}
channels: {oncall: {type: console}}
route: {channels: [oncall]}
"""
DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Int64

user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
views = [
    FeatureView(
        name=name, entities=[user], ttl=timedelta(days=30), schema=[Field(name="age", dtype=Int64)],
        source=FileSource(name=name + "_source", path="users.parquet", timestamp_field="at"),
    )
    for name in ("user_features", "clicks")
]
user_features, clicks = views
"""
APPLY = """
from pathlib import Path
from nephoscope.adapters.local.clock import SystemClock
from nephoscope.registries import StoredRegistry
from nephoscope.wiring.gcp import Gcp
state = Gcp().state("gs://acme-nephoscope-gcp/records")
StoredRegistry(state, SystemClock(), "shopping").apply(Path("registry.db").read_bytes())
"""
RUN = """
import json, sys
from nephoscope.payloads import gcp
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function
from nephoscope.wiring.gcp import Gcp
log_to_stderr()
about, data = json.load(sys.stdin)
payload = {**about, "data": data}
read = gcp.objects_written if "storage" in about["type"] else lambda told: [gcp.timer_fired(told, schedule="features")]
Function.beside("main.py", Gcp()).take("features", lambda: read(payload))
"""

pytestmark = pytest.mark.slow  # Feast is loaded four times, and Terraform gives its values


@pytest.fixture
def datastore(tmp_path):
    """Where Datastore listens."""
    sdk = google_sdk()
    command = sdk / "platform" / "cloud-datastore-emulator" / "cloud_datastore_emulator" if sdk else None
    if command is None or not command.exists():
        pytest.skip("Google's SDK with its emulators is not installed: cloud_datastore_emulator")
    port = free_port()
    options = ("--host=127.0.0.1", f"--port={port}", "--store_on_disk=False", "--testing", tmp_path / "datastore")
    with started(command, "start", *options, port=port):
        yield f"127.0.0.1:{port}"


@pytest.fixture
def features(gcs, recorder, datastore, monkeypatch, tmp_path):
    """Run the features job for an event; what it asked of Google's storage and topic is the answer."""
    from google.auth.credentials import AnonymousCredentials
    from nephoscope import settings

    if not FEAST.exists():
        pytest.skip("feast is not installed: make .venv-features")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    for name in ("acme-nephoscope-gcp", "acme-features"):
        if not client.bucket(name).exists():
            client.create_bucket(name)
    stored, topic = RecordedCalls(gcs, permissions), RecordedCalls(recorder.url, permissions)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOOGLE_")} | {
        "PYTHONPATH": str(ROOT / "core"),
        "STORAGE_EMULATOR_HOST": gcs,
        "PUBSUB_EMULATOR_HOST": topic.url.removeprefix("http://"),
        "DATASTORE_EMULATOR_HOST": datastore,
        "GCE_METADATA_HOST": "127.0.0.1:9",
        "NO_GCE_CHECK": "true",
        "NEPHOSCOPE_CONFIG": "nephoscope.json",
    }

    def called(*command, given=""):
        done = subprocess.run(
            [FEAST, *command], input=given, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

    (tmp_path / "nephoscope.yaml").write_text(CONFIG)
    (tmp_path / "nephoscope.json").write_bytes(settings.stage(tmp_path / "nephoscope.yaml"))
    (tmp_path / "definitions.py").write_text(DEFINITIONS)
    common = {"project": "shopping", "provider": "local", "registry": "registry.db", "online_store": {"type": "sqlite"}}
    (tmp_path / "feature_store.yaml").write_text(json.dumps(common | {"entity_key_serialization_version": 3}))
    users(tmp_path / "users.parquet")
    called("-m", "feast.cli.cli", "apply")
    called("-c", APPLY)
    environment["STORAGE_EMULATOR_HOST"] = stored.url

    def run(about, data):
        said = called("-c", RUN, given=json.dumps([about, data]))
        assert '"outcome": "done"' in said, said
        return stored.made + topic.made

    run.landed = lambda: _landed(client, tmp_path / "users.parquet")
    yield run
    stored.close()
    topic.close()


def users(path):
    """Three users and their ages, five minutes old: a file for one view, and in a folder for another."""
    at = pa.array([datetime.now(UTC) - timedelta(minutes=5)] * 3, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"user_id": [1234, 1, 2], "at": at, "age": [41, 42, 43]}), path)


def _landed(client, path):
    client.bucket("acme-features").blob("clicks/part-0.parquet").upload_from_filename(path)
    blob = client.bucket("acme-features").blob("users.parquet")
    blob.upload_from_filename(path)
    now = datetime.now(UTC).isoformat()
    about = {"specversion": "1.0", "id": "2", "type": "google.cloud.storage.object.v1.finalized", "time": now}
    facts = {"bucket": "acme-features", "name": "users.parquet", "generation": str(blob.generation)}
    return about | {"source": "s"}, facts | {"size": str(blob.size), "timeCreated": now}


def tick():
    """A CloudEvent of Cloud Scheduler's message."""
    now = datetime.now(UTC).isoformat()
    about = {"specversion": "1.0", "id": "1", "source": "s", "type": "google.cloud.pubsub.topic.v1.messagePublished"}
    return about, {"message": {"data": "", "messageId": "1", "publishTime": now, "attributes": {}}}


def test_a_run_asks_what_features_may_and_nothing_else(initialised, features):
    """A view's file lands and a timer fires: no permission is missing, none of those on storage is unused."""
    features(*features.landed())
    made = features(*tick())
    resources = initialised("gcp").made("gcp", "features.tftest.hcl")
    grants = Grants(resources["features_read_their_sources_and_write_their_store"])
    assert sorted({call for call in made if not grants.allow("features", *call)}) == []
    assert {name for name, _ in grants.of["features"]} - {name for name, _ in made} == set()


def test_the_config_is_the_module_s():
    """What is driven here is what the module's own test deploys."""
    written = (ROOT / "deploy" / "gcp" / "tests" / "features.tftest.hcl").read_text()
    for place in ("gs://acme-nephoscope-gcp/records", "gs://acme-features/users.parquet", "gs://acme-features/clicks/"):
        assert place in written
        assert place in CONFIG
