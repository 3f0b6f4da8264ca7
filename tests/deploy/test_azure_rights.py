"""Azure's roles hold exactly the actions that the adapters' calls take, on stand-ins of its services."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fakes import azure_monitor, bills
from fakes.azure_grants import BLOBS, actions
from fakes.recorded_calls import RecordedCalls
from nephoscope.adapters.azure.storage import connected
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.events import ObjectRef
from nephoscope.monitoring.query import Query, Window

blob = pytest.importorskip("azure.storage.blob")

PERMISSIONS = Path(__file__).parents[2] / "deploy" / "azure" / "permissions.tf"
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
HOUR = Window(NOW - timedelta(hours=1), NOW, timedelta(hours=1))


def granted(role, **settings):
    """The actions of one of the module's roles."""
    text = PERMISSIONS.read_text()
    written = re.search(rf"^    {role} += (\{{.*?\}}$|\{{.*?^    \}})", text, re.MULTILINE | re.DOTALL)[1]
    names = {"local.blobs": BLOBS, **settings}
    return {
        re.sub(r"\$\{([\w.]+)\}", lambda found: names[found[1]], each)
        for each in re.findall(r'"(Microsoft\.[^"]+|\$\{local\.blobs\}[^"]+)"', written)
    }


def used(made):
    """What was taken."""
    return {action for action, _ in made}


@pytest.fixture
def recorded(azurite):
    """A new container through a record of what is asked of it."""
    url = re.search(r"BlobEndpoint=(http://[^/]+)", azurite)[1]
    calls = RecordedCalls(url, actions)
    connection = azurite.replace(url, calls.url)
    service = blob.BlobServiceClient.from_connection_string(connection)
    yield connected(connection), service.create_container(f"c{uuid4().hex}"), calls
    calls.close()


def test_records_take_what_their_role_holds(recorded):
    """Creating, reading, replacing and listing records: no action is missing and none is unused."""
    from nephoscope.adapters.azure.state import BlobState

    blobs, container, calls = recorded
    state = BlobState(blobs, container.container_name, "records")
    version = state.create("ledger/a.json", b"{}")
    assert state.get("ledger/a.json")[0] == b"{}"
    assert state.get("ledger/missing.json") is None
    assert state.replace("ledger/a.json", version, b"[]") not in (None, version)
    assert list(state.list("ledger/")) == ["ledger/a.json"]
    assert used(calls.made) == granted("record")


def test_landed_tables_take_reading_alone(recorded, tmp_path):
    """What lands is read, and nothing else is asked."""
    from nephoscope.adapters.azure.objects import BlobObjects

    blobs, container, calls = recorded
    etag = container.upload_blob("landed/a.parquet", b"rows").get_blob_properties().etag
    calls.made.clear()
    ref = ObjectRef("azure", f"{container.account_name}/{container.container_name}", "landed/a.parquet", etag)
    assert BlobObjects(lambda _: blobs).fetch(ref, tmp_path / "a", most_bytes=100) == 4
    assert used(calls.made) == granted("read")


def test_publishing_takes_sending_alone(recorder):
    """A Report is handed to Event Grid by one request."""
    from nephoscope.adapters.azure.topic import EventGridTopic

    EventGridTopic(f"{recorder.url}/api/events", lambda: "token").publish(b"{}", attributes={})
    assert used(_asked(recorder)) == granted("publish")


def test_a_secret_takes_reading_it(recorder):
    """One secret is read by its name: none is listed."""
    from nephoscope.adapters.azure.secrets import KeyVault

    recorder.answers.append((200, {}, json.dumps({"value": "v"}).encode()))
    KeyVault(lambda: "token").read(f"{recorder.url}/secrets/slack")
    assert used(_asked(recorder)) == granted("secret")


def _asked(recorder):
    return [pair for method, path, _, _ in recorder.requests for pair in actions(method, path, {}, b"", 200)]


def test_a_workspace_takes_reading_the_tables_of_the_configuration():
    """Models are asked about, and names near a wrong one are looked up, in the tables that hold metrics alone."""
    from nephoscope.adapters.azure.metrics import AzureMonitorMetrics

    with azure_monitor.azure_monitor() as service:
        options = azure_monitor.client_options(service.http.url)
        model = Query("AppMetrics", "Accuracy", (("ModelName", "fraud"),))
        AzureMonitorMetrics(azure_monitor.Token(), "w", **options).points([model], HOUR)
        asked = [pair for path, body in service.http.requests for pair in actions("POST", path, {}, body, 200)]
    assert len(service.http.requests) == 2  # the values, and then the names, for there are no values
    assert used(asked) == granted("metrics", table="AppMetrics")


def test_resources_take_reading_their_metrics():
    """A resource's own metrics are read by the batch request."""
    from nephoscope.adapters.azure.resource_metrics import ResourceMetrics

    with azure_monitor.azure_monitor() as service:
        options = azure_monitor.client_options(service.http.url)
        store = ResourceMetrics(azure_monitor.Token(), options.pop("endpoint"), **options)
        endpoint = "/subscriptions/s/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e"
        store.points([Query("M/onlineEndpoints", "RequestLatency", (), resource=endpoint)], HOUR)
        asked = [pair for path, body in service.http.requests for pair in actions("POST", path, {}, body, 200)]
    assert used(asked) == granted("resources")


def test_bills_take_the_query_alone():
    """Cost Management is asked by its query, and by nothing else."""
    from nephoscope.adapters.azure.bills import CostManagementBills

    with bills.served(bills.CostManagement()) as http:
        CostManagementBills(FixedClock(NOW), lambda: "token", "/subscriptions/s", endpoint=http.url).lines("2026-05")
        asked = [pair for path, body in http.requests for pair in actions("POST", path, {}, body, 200)]
    assert used(asked) == granted("costs")


def test_advice_takes_reading_recommendations():
    """What Advisor says is read; nothing is suppressed or dismissed."""
    from nephoscope.adapters.azure.advice import AdvisorAdvice

    with bills.served(lambda _path, _body: bills.document({"value": []})) as http:
        AdvisorAdvice(lambda: "token", "/subscriptions/s", endpoint=http.url).recommendations()
        asked = [pair for path, _ in http.requests for pair in actions("GET", path, {}, b"", 200)]
    assert used(asked) == granted("advice")


def test_every_role_is_held_against_calls():
    """A role that is new has a test of its own here."""
    roles = set(re.findall(r"^    (\w+) += \{", PERMISSIONS.read_text().split("store_container")[0], re.MULTILINE))
    tried = set(re.findall(r'granted\("(\w+)"', Path(__file__).read_text()))
    assert roles == tried
