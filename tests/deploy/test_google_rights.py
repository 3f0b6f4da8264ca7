"""Google's roles hold exactly the permissions that the adapters' calls take, on stand-ins of its services."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fakes import bills, cloud_monitoring
from fakes.google_grants import called, permissions
from fakes.recorded_calls import RecordedCalls
from nephoscope.events import ObjectRef
from nephoscope.monitoring.query import Query, Window

storage = pytest.importorskip("google.cloud.storage")

PERMISSIONS = Path(__file__).parents[2] / "deploy" / "gcp" / "permissions.tf"


def granted(role):
    """The permissions of one of the module's roles."""
    written = re.search(rf"^    {role} +=(.*)$", PERMISSIONS.read_text(), re.MULTILINE)[1]
    return set(re.findall(r'"([\w.]+)"', written))


@pytest.fixture
def recorded(gcs, monkeypatch):
    """
    A new bucket, and a record of the requests that go to it through the record's own address.

    Google's client makes the bucket past the record: it looks buckets up in a thread of its own, whenever it likes.
    """
    from google.auth.credentials import AnonymousCredentials

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    bucket = storage.Client(project="p", credentials=AnonymousCredentials()).create_bucket(f"b{uuid4().hex}")
    calls = RecordedCalls(gcs, permissions)
    yield bucket, calls
    calls.close()


def used(calls):
    """What was taken so far."""
    return {name for name, _ in calls.made}


def test_records_take_what_their_roles_hold(recorded):
    """Creating, reading, replacing and listing records: no permission is missing and none is unused."""
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import Storage

    bucket, calls = recorded
    state = GcsState(Storage(AnonymousCredentials(), calls.url), bucket.name, "records")
    version = state.create("ledger/a.json", b"{}")
    state.get("ledger/a.json")
    state.get("ledger/missing.json")
    state.replace("ledger/a.json", version, b"[]")
    assert list(state.list("ledger/")) == ["ledger/a.json"]
    assert used(calls) == granted("record") | granted("append") | granted("list")


def test_landed_tables_take_reading_alone(recorded, tmp_path):
    """What lands is read, and nothing else is asked."""
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.objects import GcsObjects
    from nephoscope.adapters.gcp.storage import Storage

    bucket, calls = recorded
    blob = bucket.blob("landed/a.parquet")
    blob.upload_from_string(b"rows")
    ref = ObjectRef("gcp", bucket.name, "landed/a.parquet", str(blob.generation))
    objects = GcsObjects(Storage(AnonymousCredentials(), calls.url))
    assert objects.fetch(ref, tmp_path / "a", most_bytes=100) == 4
    assert used(calls) == granted("read")


NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def test_metrics_take_listing_series_and_names():
    """Series are read; of a metric that is not there the existing names are listed."""
    from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics

    with cloud_monitoring.cloud_monitoring() as service, cloud_monitoring.client(service.address) as client:
        wrong = Query("custom.googleapis.com/mlops/models", "acuracy", (("model_name", "fraud"),))
        window = Window(NOW - timedelta(hours=1), NOW, timedelta(hours=1))
        CloudMonitoringMetrics("p", client).points([wrong], window)
        asked = {called(request)[0] for request in service.requests}
    assert asked == granted("metrics")


def test_publishing_takes_publishing_alone(recorder):
    """A Report is handed to Pub/Sub by one request."""
    from nephoscope.adapters.gcp.topic import PubSubTopic

    recorder.answers.append((200, {}, json.dumps({"messageIds": ["1"]}).encode()))
    topic = PubSubTopic("projects/mlops/topics/reports", lambda: "token", endpoint=recorder.url)
    topic.publish(b"{}", attributes={})
    [(method, path, _, _)] = recorder.requests
    assert (method, path) == ("POST", "/v1/projects/mlops/topics/reports:publish")
    assert granted("publish") == {"pubsub.topics.publish"}


def test_a_secret_takes_reading_its_version(recorder):
    """One secret's newest version is read: none is listed."""
    from nephoscope.adapters.gcp.secrets import SecretManager

    recorder.answers.append((200, {}, json.dumps({"payload": {"data": base64.b64encode(b"v").decode()}}).encode()))
    SecretManager(lambda: "token", endpoint=recorder.url).read("projects/mlops/secrets/slack")
    [(_, path, _, _)] = recorder.requests
    assert path.endswith(":access")
    assert granted("secret") == {"secretmanager.versions.access"}


def test_bills_take_a_query_and_the_tables_shape():
    """The export's columns are looked at and a query is run: nothing is written, and no other table is listed."""
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.bills import BigQueryBills

    with bills.served(bills.BigQuery()) as http:
        options = {"credentials": AnonymousCredentials(), "client_options": {"api_endpoint": http.url}}
        BigQueryBills("acme.billing.export", **options).lines("2026-05")
        asked = [
            pair for path, body in http.requests for pair in permissions("POST" if body else "GET", path, {}, body, 200)
        ]
    assert {name for name, _ in asked} == granted("query") | granted("bills")


def test_every_role_is_held_against_calls():
    """A role that is new has a test of its own here."""
    written = re.search(r"^  roles = \{\n(.*?)^  \}", PERMISSIONS.read_text(), re.MULTILINE | re.DOTALL)[1]
    tried = set(re.findall(r'granted\("(\w+)"', Path(__file__).read_text()))
    assert set(re.findall(r"^    (\w+) +=", written, re.MULTILINE)) == tried
