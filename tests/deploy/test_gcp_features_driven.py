"""Features on Google, driven by Feast's own code on stand-ins: what a run asks of storage is what its roles hold."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from emulators import free_port, google_sdk, started
from fakes.feature_project import FeatureProject
from fakes.google_grants import Grants, permissions
from fakes.recorded_calls import RecordedCalls

storage = pytest.importorskip("google.cloud.storage")

ROOT = Path(__file__).parents[2]
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
STATE = """
from nephoscope.wiring.gcp import Gcp
state = Gcp().state("gs://acme-nephoscope-gcp/records")
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

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    for name in ("acme-nephoscope-gcp", "acme-features"):
        if not client.bucket(name).exists():
            client.create_bucket(name)
    stored, topic = RecordedCalls(gcs, permissions), RecordedCalls(recorder.url, permissions)
    for name in [name for name in os.environ if name.startswith("GOOGLE_")]:
        monkeypatch.delenv(name)
    environment = {
        "STORAGE_EMULATOR_HOST": gcs,
        "PUBSUB_EMULATOR_HOST": topic.url.removeprefix("http://"),
        "DATASTORE_EMULATOR_HOST": datastore,
        "GCE_METADATA_HOST": "127.0.0.1:9",
        "NO_GCE_CHECK": "true",
    }
    project = FeatureProject(tmp_path, CONFIG, environment, STATE)
    project.environment["STORAGE_EMULATOR_HOST"] = stored.url

    def run(about, data):
        project.run(RUN, [about, data])
        return stored.made + topic.made

    run.landed = lambda: _landed(client, project.users)
    yield run
    stored.close()
    topic.close()


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


def test_the_places_are_the_module_s():
    """What is read and written here is what the module's own test gives rights to."""
    written = (ROOT / "deploy" / "gcp" / "tests" / "features.tftest.hcl").read_text()
    for place in ("gs://acme-nephoscope-gcp/records", "gs://acme-features/users.parquet", "gs://acme-features/clicks/"):
        assert place in written
        assert place in CONFIG
