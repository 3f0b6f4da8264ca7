"""Every job of Azure's deployment, driven on stand-ins of all that it calls: rights are what its calls take."""

import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fakes import azure_monitor, bills
from fakes.azure_grants import TOKEN, Grants, actions
from fakes.driven import called, delays, verdicts
from fakes.internet import Internet, host_of
from fakes.recorded_calls import RecordedCalls, recorded
from nephoscope import settings

blob = pytest.importorskip("azure.storage.blob")
pytest.importorskip("azure.functions")

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "tests" / "configs" / "whole_azure.yaml"
CONTAINERS = ("state", "records", "serving", "bills")

pytestmark = pytest.mark.slow  # a dozen processes of the handler, and Terraform's values


@pytest.fixture(scope="module")
def grants(initialised):
    """What the whole deployment in Azure gives."""
    return Grants(initialised(".").made(".", "whole_azure.tftest.hcl")["everything"])


def on_the_internet(room):
    """What stands for Azure Monitor, Cost Management, Advisor and Key Vault: a model that is wrong too often."""
    now = datetime.now(UTC)
    month = int(f"{now - timedelta(days=1):%Y%m}")
    monitor, costs = azure_monitor.AzureMonitor(), bills.CostManagement("https://management.azure.com", month)
    latency = {
        "resource": settings.load(CONFIG).models["fraud_detection_v2"].metrics["latency_ms"].spelled["azure"].resource
    }
    for minutes in range(5, 240, 5):
        at = now - timedelta(minutes=minutes)
        monitor.samples.write("AppMetrics", "Accuracy", {"ModelName": "fraud_detection_v2"}, at, 0.5)
        monitor.samples.write(ENDPOINTS, "RequestLatency", latency, at, 80.0)

    def management(path, body):
        return bills.document({"value": []}) if "Microsoft.Advisor" in path else costs(path, body)

    return {
        "api.loganalytics.io": host_of(monitor.answer),
        "westeurope.metrics.monitor.azure.com": host_of(monitor.answer),
        "management.azure.com": host_of(management),
        "acme-kv.vault.azure.net": host_of(lambda _path, _body: bills.document({"value": f"{room}/services/x"})),
    }


@pytest.fixture
def invoke(azurite, recorder, tmp_path):
    """Call an entry point in a process of its own; what it asked of Azure is the answer."""
    recorder.answer = lambda _method, path, _headers, _body: (200, {}, TOKEN if "/token" in path else b"")
    url = re.search(r"BlobEndpoint=(http://[^/]+)", azurite)[1]
    stored, topic = RecordedCalls(url, actions), RecordedCalls(recorder.url, actions)
    asked = []
    internet = Internet(
        {name: recorded(host, asked, actions) for name, host in on_the_internet(recorder.url).items()}, tmp_path
    )
    service = blob.BlobServiceClient.from_connection_string(azurite)
    for name in CONTAINERS:
        if not service.get_container_client(name).exists():
            service.create_container(name)
    shutil.copy(ROOT / "functions" / "azure" / "function_app.py", tmp_path)
    staged = settings.stage(CONFIG).decode()
    written = re.search(r'eventgrid:(https://[^"/]+)', staged)[1]
    (tmp_path / "nephoscope.json").write_text(staged.replace(written, topic.url))
    environment = (
        os.environ
        | internet.env
        | {
            "AZURE_STORAGE_CONNECTION_STRING": azurite.replace(url, stored.url),
            "IDENTITY_ENDPOINT": f"{recorder.url}/token",
            "IDENTITY_HEADER": "h",
            "PYTHONPATH": str(ROOT / "core"),
            "NEPHOSCOPE_CONFIG": "nephoscope.json",
        }
    )

    def call(said, given=None):
        before = [len(made) for made in (stored.made, topic.made, asked)]
        program = f"import json, sys; from types import SimpleNamespace as N; import function_app as app; {said}"
        called(program, given, tmp_path, environment)
        return [
            call for made, told in zip((stored.made, topic.made, asked), before, strict=True) for call in made[told:]
        ]

    call.service = service
    call.published = lambda: [body.decode() for _, path, _, body in recorder.requests if path.startswith("/api/events")]
    yield call
    internet.close()
    stored.close()
    topic.close()
    assert internet.refused == []


ON_OBJECT = "app.on_object({!r}, json.load(sys.stdin))"
ON_TIMER = "app.on_timer({!r}, N(schedule_status=json.load(sys.stdin)))"
ON_AUDIT = "app.function.take('security', lambda: [app.azure.security_event(json.load(sys.stdin))])"
ON_MESSAGE = (
    "now = app.function.clock.now(); body = json.load(sys.stdin).encode(); "
    "app.function.take_in(lambda: [app.azure.message_received(body, 'm', now, now=now)])"
)


def landed(service, container, name, body):
    """A blob lands; the event that Event Grid sends of it."""
    written = service.get_blob_client(container, name).upload_blob(body, overwrite=True)
    return {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": f"/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{ACCOUNT[container]}",
        "subject": f"/blobServices/default/containers/{container}/blobs/{name}",
        "type": "Microsoft.Storage.BlobCreated",
        "time": datetime.now(UTC).isoformat(),
        "data": {"api": "PutBlob", "eTag": written["etag"].strip('"'), "contentLength": len(body)},
    }


ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
ACCOUNT = {"serving": "acmelanding", "bills": "nephoscope"}
REFUSED = {
    "id": "e1",
    "topic": "/subscriptions/1",
    "subject": "/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/models",
    "eventType": "Microsoft.Resources.ResourceWriteFailure",
    "eventTime": "2026-11-24T06:30:00Z",
    "data": {"operationName": "Microsoft.Storage/storageAccounts/write", "status": "Failed", "resourceUri": "/x"},
    "dataVersion": "2",
    "metadataVersion": "1",
}


def slot(minutes_ago):
    """The host's schedule status of a slot."""
    return {"Next": (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()}


def test_a_job_may_do_what_it_does_and_nothing_else(grants, invoke):
    """For every job: no call without a right, and no right that no call takes."""
    service = invoke.service
    taken = {
        "drift": invoke(ON_OBJECT.format("drift"), landed(service, "serving", "flights/2013-01.parquet", delays())),
        "security": invoke(ON_AUDIT, REFUSED),
        "cost": invoke(ON_TIMER.format("cost"), slot(0)),
        "monitoring": invoke(ON_TIMER.format("monitoring"), slot(10)) + invoke(ON_TIMER.format("monitoring"), slot(5)),
    }
    taken["drift"] += invoke("app.function.end_quiet_periods()")
    taken["cost"] += invoke(ON_OBJECT.format("cost"), landed(service, "bills", MANIFEST, json.dumps(DELIVERY).encode()))
    taken["notify"] = [call for report in invoke.published() for call in invoke(ON_MESSAGE, report)]
    records = service.get_container_client("records")
    for name in records.list_blob_names(name_starts_with=f"ledger/{datetime.now(UTC):%Y-%m-%d}"):
        if name.endswith(".published"):
            records.delete_blob(name)  # as if its function had died before
    taken["sweep"] = invoke("app.function.sweep()")
    taken["rollup"] = invoke(ON_TIMER.format("rollup"), slot(0))

    assert verdicts(invoke.published()) >= {
        ("drift.ks", "flights/dep_delay", "ok"),
        ("monitoring.limit", "fraud_detection_v2/accuracy", "breach"),
        ("monitoring.limit", "fraud_detection_v2/latency_ms", "ok"),
        ("cost.bill", "azure", "ok"),
        ("cost.total", "all", "ok"),
    }
    missing = {job: sorted({call for call in calls if not grants.allow(job, *call)}) for job, calls in taken.items()}
    assert {job: refused for job, refused in missing.items() if refused} == {}
    unused = {
        job: sorted({name for name, _ in grants.of[job]} - {name for name, _ in calls}) for job, calls in taken.items()
    }
    assert {job: names for job, names in unused.items() if names} == {}


DELIVERY = {
    "runInfo": {"runId": "r", "submittedTime": "2026-11-24T06:30:00Z", "startDate": "2026-11-01T00:00:00"},
    "exportConfig": {"exportName": "nephoscope", "type": "FocusCost", "dataVersion": "1.0r2"},
    "blobs": [],
}
MANIFEST = "focus/nephoscope/20261101-20261130/202611240600/run/manifest.json"
