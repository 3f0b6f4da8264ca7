"""Features on Azure, driven by Feast's own code on stand-ins: what a run asks is what its roles hold."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from emulators import AZURE_ACCOUNT, free_port, started
from fakes.azure_grants import TOKEN, Grants, actions
from fakes.bills import document
from fakes.feature_project import FeatureProject
from fakes.internet import Internet, host_of
from fakes.recorded_calls import RecordedCalls, recorded

blob = pytest.importorskip("azure.storage.blob")

ROOT = Path(__file__).parents[2]
PLACES = {"user_features": "features/users.parquet", "clicks": "features/clicks"}
CONFIG = """
version: 1
hub: azure
topic: "eventgrid:{topic}"
state: az://acmenephoscope/hub/state
stores: {{azure: "az://acmenephoscope/records"}}
features:
  project: shopping
  stores:
    azure:
      type: redis
      connection_string: "127.0.0.1:{redis}"
      password: azure-kv:https://hub.vault.azure.net/secrets/redis
  sources: {{azure: {sources}}}
timers: {{features: "*/15 * * * *"}}
channels: {{oncall: {{type: console}}}}
route: {{channels: [oncall]}}
"""
PASSWORD = "loopback"
STATE = """
from nephoscope.wiring.azure import Azure
state = Azure().state("az://acmenephoscope/records")
"""
RUN = """
import json, sys
from datetime import UTC, datetime
from nephoscope.payloads import azure
from nephoscope.wiring.azure import Azure
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function
log_to_stderr()
given = json.load(sys.stdin)
read = azure.objects_written if "subject" in given else lambda told: [
    azure.timer_fired("features", told, now=datetime.now(UTC))
]
Function.beside("main.py", Azure()).take("features", lambda: read(given))
"""

pytestmark = pytest.mark.slow  # Feast is loaded four times, and Terraform gives its values


@pytest.fixture
def redis():
    """Where Redis listens."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    options = ("--port", port, "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD)
    with started("redis-server", *options, port=port):
        yield port


@pytest.fixture
def features(azurite, recorder, redis, tmp_path):
    """Run the features job for an event; what it asked of Azure is the answer."""
    recorder.answer = lambda _method, path, _headers, _body: (200, {}, TOKEN if "/token" in path else b"")
    url = re.search(r"BlobEndpoint=(http://[^/]+)", azurite)[1]
    stored, topic = RecordedCalls(url, actions), RecordedCalls(recorder.url, actions)
    service = blob.BlobServiceClient.from_connection_string(azurite)
    for name in ("records", "features"):
        if not service.get_container_client(name).exists():
            service.create_container(name)
    sources = json.dumps({view: f"az://{AZURE_ACCOUNT}/{place}" for view, place in PLACES.items()})
    config = CONFIG.format(topic=f"{topic.url}/api/events", redis=redis, sources=sources)
    asked = []
    vault = recorded(host_of(lambda _path, _body: document({"value": PASSWORD})), asked, actions)
    internet = Internet({"hub.vault.azure.net": vault}, tmp_path)
    environment = internet.env | {
        "AZURE_STORAGE_CONNECTION_STRING": azurite,
        "IDENTITY_ENDPOINT": f"{recorder.url}/token",
        "IDENTITY_HEADER": "h",
    }
    project = FeatureProject(tmp_path, config, environment, STATE)
    project.environment["AZURE_STORAGE_CONNECTION_STRING"] = azurite.replace(url, stored.url)

    def run(given):
        project.run(RUN, given)
        return stored.made + topic.made + asked

    run.landed = lambda: _landed(service.get_container_client("features"), project.users.read_bytes())
    yield run
    internet.close()
    stored.close()
    topic.close()


def _landed(container, body):
    container.upload_blob("clicks/part-0.parquet", body, overwrite=True)
    written = container.upload_blob("users.parquet", body, overwrite=True).get_blob_properties()
    account = f"/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{AZURE_ACCOUNT}"
    return {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": account,
        "subject": "/blobServices/default/containers/features/blobs/users.parquet",
        "type": "Microsoft.Storage.BlobCreated",
        "time": datetime.now(UTC).isoformat(),
        "data": {"api": "PutBlob", "eTag": written.etag.strip('"'), "contentLength": len(body)},
    }


def test_a_run_asks_what_features_may_and_nothing_else(initialised, features):
    """A view's file lands and a timer fires: no action is missing and none is unused."""
    features(features.landed())
    made = features({"Next": datetime.now(UTC).isoformat()})
    resources = initialised("azure").made("azure", "features.tftest.hcl")
    grants = Grants(resources["features_read_their_sources_and_their_password"])
    assert sorted({call for call in made if not grants.allow("features", *call)}) == []
    assert {name for name, _ in grants.of["features"]} - {name for name, _ in made} == set()


def test_the_places_are_the_module_s():
    """What is read and written here is what the module's own test gives rights to."""
    written = (ROOT / "deploy" / "azure" / "tests" / "features.tftest.hcl").read_text()
    for place in PLACES.values():
        assert f"az://acmelanding/{place}" in written
    for text in (written, CONFIG):
        assert "az://acmenephoscope/records" in text
